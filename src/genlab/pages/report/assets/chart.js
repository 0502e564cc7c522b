// One chart: lines over an axis, with ticks, and the values under the pointer or, by the arrow keys, under a cursor.
const WIDE = 440, HIGH = 250, EDGE = { left: 54, right: 12, top: 10, bottom: 34 };
let charts = 0;

function ticksOf(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => size >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

function powersOf(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const times of high / low < 200 ? [1, 2, 5] : [1]) found.push(times * 10 ** power);
  }
  const inside = found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  return inside.length > 1 ? inside : ticksOf(low, high, 4).filter((value) => value > 0);
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];

// From where to where the axis goes: over all values or, without extremes, over nearly all.
function reach(values, extremes, log) {
  const sorted = values.filter((value) => !log || value > 0).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  let [low, high] = [sorted[0], sorted[sorted.length - 1]];
  const [under, over] = [quantile(sorted, 0.02), quantile(sorted, 0.98)];
  if (!extremes && high - low > 2 * (over - under) && over > under) [low, high] = [under, over];
  if (low === high) { const room = Math.abs(low) * 0.05 || 0.5; return log ? [low / 1.1, high * 1.1] : [low - room, high + room]; }
  if (log) { const room = (high / low) ** 0.04; return [low / room, high * room]; }
  const room = (high - low) * 0.05;
  return [low - room, high + room];
}

const path = (x, y) => x.map((at, i) => `${i ? "L" : "M"}${at.toFixed(1)} ${y[i].toFixed(1)}`).join("");
const area = (x, low, high) => `${path(x, high)}${path([...x].reverse(), [...low].reverse()).replace("M", "L")}Z`;

// lines: [{key, label, colour, dash, x, y, smooth, lo, hi}]
function chart(lines, { axis, log, extremes, name }) {
  const xs = lines.flatMap((line) => line.x), clip = `clip${charts += 1}`;
  const [from, to] = [Math.min(...ends(lines, 0)), Math.max(...ends(lines, -1))];
  const [low, high] = reach(lines.flatMap((line) => (line.lo ? [...line.lo, ...line.hi] : line.y)), extremes, log);
  const scale = log ? Math.log : (value) => value, [a, b] = [scale(low), scale(high)];
  const inner = { wide: WIDE - EDGE.left - EDGE.right, high: HIGH - EDGE.top - EDGE.bottom };
  const across = (value) => EDGE.left + (to > from ? (value - from) / (to - from) : 0.5) * inner.wide;
  const up = (value) => EDGE.top + (1 - ((log && value <= 0 ? a - 1 : scale(value)) - a) / (b - a)) * inner.high;
  const made = make("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", tabindex: "0", "aria-label": `${name} of ${plural(lines.length, "run")} over ${axis}` });
  for (const value of log ? powersOf(low, high) : ticksOf(low, high, 4)) {
    made.append(make("line", { class: "rule", x1: EDGE.left, x2: WIDE - EDGE.right, y1: up(value), y2: up(value) }),
      make("text", { class: "tick", x: EDGE.left - 6, y: up(value) + 4, "text-anchor": "end" }, shown(value, 3)));
  }
  for (const value of to > from ? ticksOf(from, to, 4) : [from]) {
    made.append(make("text", { class: "tick", x: across(value), y: HIGH - EDGE.bottom + 16, "text-anchor": "middle" }, short(value)));
  }
  made.append(make("text", { class: "axis", x: WIDE - EDGE.right, y: HIGH - 4, "text-anchor": "end" }, axis));
  const inside = make("g", { "clip-path": `url(#${clip})` });
  made.append(make("clipPath", { id: clip }, make("rect", { x: EDGE.left - 2, y: EDGE.top - 2, width: inner.wide + 4, height: inner.high + 4 })), inside);
  for (const line of lines) draw(inside, line, across, up);
  return { made, across, up, lines, from, to, inner, xs };
}

const ends = (lines, at) => lines.map((line) => line.x.at(at));
const short = (value) => (Math.abs(value) >= 1e6 ? `${shown(value / 1e6, 3)}M` : Math.abs(value) >= 1e4 ? `${shown(value / 1e3, 3)}k` : shown(value, 4));

function draw(host, line, across, up) {
  const x = line.x.map(across), own = { "data-line": line.key, style: `--own:${line.colour}`, "stroke-dasharray": line.dash || null };
  if (line.lo) host.append(make("path", { class: "band", d: area(x, line.lo.map(up), line.hi.map(up)), ...own }));
  if (line.smooth !== line.y) host.append(make("path", { class: "raw", d: path(x, line.y.map(up)), ...own }));
  host.append(make("path", { class: "line", d: path(x, line.smooth.map(up)), ...own }));
  if (x.length < 2) host.append(make("circle", { class: "dot", cx: x[0], cy: up(line.smooth[0]), r: 3, ...own }));
}

const nearest = (sorted, value) => {
  let [low, high] = [0, sorted.length - 1];
  while (high - low > 1) { const middle = (low + high) >> 1; if (sorted[middle] < value) low = middle; else high = middle; }
  return Math.abs(sorted[low] - value) <= Math.abs(sorted[high] - value) ? low : high;
};

// The values at the pointer, or at the cursor.
function pointed(drawn, card) {
  const { made, across, up, lines, from, to, inner } = drawn;
  const rule = make("line", { class: "cursor", y1: EDGE.top, y2: EDGE.top + inner.high, visibility: "hidden" });
  const dots = make("g"), tip = make("div", { class: "tip", hidden: true, role: "status" });
  made.append(rule, dots);
  card.append(tip);
  let cursor = null;
  function at(value) {
    const found = lines.map((line) => ({ line, i: nearest(line.x, value) })).sort((a, b) => b.line.smooth[b.i] - a.line.smooth[a.i]);
    const near = found.reduce((best, item) => Math.min(best, Math.abs(item.line.x[item.i] - value)), Infinity);
    const here = found.filter(({ line, i }) => Math.abs(line.x[i] - value) <= Math.max(near * 2, (to - from) * 0.02)), [first] = here;
    const x = across(first.line.x[first.i]);
    rule.setAttribute("x1", x); rule.setAttribute("x2", x); rule.setAttribute("visibility", "visible");
    dots.replaceChildren(...here.map(({ line, i }) => make("circle", { class: "dot", cx: across(line.x[i]), cy: up(line.smooth[i]), r: 3, style: `--own:${line.colour}` })));
    const few = here.slice(0, 10);
    tip.replaceChildren(make("b", {}, short(first.line.x[first.i])), ...few.map(({ line, i }) =>
      make("div", {}, make("i", { class: "swatch", style: `background:${line.colour}` }), make("span", {}, line.label), make("em", {}, shown(line.smooth[i])))),
      here.length > few.length ? make("div", {}, `and ${here.length - few.length} more`) : null);
    tip.hidden = false;
    tip.style.left = x > WIDE * 0.55 ? "auto" : `${(x / WIDE) * 100 + 3}%`;
    tip.style.right = x > WIDE * 0.55 ? `${(1 - x / WIDE) * 100 + 3}%` : "auto";
  }
  function off() { rule.setAttribute("visibility", "hidden"); dots.replaceChildren(); tip.hidden = true; cursor = null; }
  made.addEventListener("pointermove", (event) => {
    const box = made.getBoundingClientRect(), x = ((event.clientX - box.left) / box.width) * WIDE;
    at(from + Math.min(1, Math.max(0, (x - EDGE.left) / inner.wide)) * (to - from));
  });
  made.addEventListener("pointerleave", off);
  made.addEventListener("blur", off);
  made.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") off();
    if (!move) return;
    event.preventDefault();
    const longest = lines.reduce((most, line) => (line.x.length > most.x.length ? line : most)).x;
    cursor = Math.min(longest.length - 1, Math.max(0, (cursor ?? (move > 0 ? -1 : longest.length)) + move));
    at(longest[cursor]);
  });
}
