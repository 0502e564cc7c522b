// The curves of the shown runs, a chart for each chosen metric; drawn when they come into view.
const curves = points.curves, clocks = points.clocks, names = Object.keys(curves);
const FIRST = 6; // charts that are chosen at first
const AXES = ["step", "epoch", "images", "seconds"];
const host = one("#charts"), cards = new Map();
const smooth = field("smooth", () => { one("#smoothness").value = smooth.value; again(); });
const axis = field("axis", () => again());
const logarithmic = field("logarithmic", () => again()), extremes = field("extremes", () => again()), means = field("means", () => again());

// Steps in epochs, images or seconds: between the rows of the run's clock a straight line.
function over(run, steps) {
  const kind = AXES.indexOf(axis.value), clock = clocks[run];
  if (kind === 0 || !clock || !clock.length) return steps;
  let i = 0;
  return steps.map((step) => {
    while (i < clock.length - 2 && clock[i + 1][0] < step) i += 1;
    const a = clock[i], b = clock[Math.min(i + 1, clock.length - 1)];
    return b[0] === a[0] ? a[kind] : a[kind] + ((step - a[0]) / (b[0] - a[0])) * (b[kind] - a[kind]);
  });
}

// A running mean whose weights fall off, without a pull to its start; it reaches over the same share of a long and a short curve.
function smoothed(values, amount) {
  if (!amount) return values;
  const factor = amount ** (100 / values.length);
  let sum = 0, weight = 0;
  return values.map((value) => {
    sum = factor * sum + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return sum / weight;
  });
}

const lineOf = (run, found) => ({
  key: run, label: runs[run].label, colour: colourOf(runs[run].group), dash: dashOf(runs[run].group),
  x: over(run, found.s), y: found.v, lo: found.lo, hi: found.hi, smooth: smoothed(found.v, Number(smooth.value)),
});

// One line for the seeds of a group that were logged at the same steps, with their standard deviation as shade.
function meanOf(number, some, found) {
  const steps = found[some[0]].s.join();
  if (some.length < 2 || some.some((run) => found[run].s.join() !== steps)) return null;
  const columns = found[some[0]].v.map((_, i) => some.map((run) => found[run].v[i]));
  const y = columns.map(mean), wide = columns.map(spread);
  return {
    ...lineOf(some[0], { s: found[some[0]].s, v: y }), key: some.join(" "), label: facts.groups[number].label,
    lo: y.map((value, i) => value - wide[i]), hi: y.map((value, i) => value + wide[i]),
  };
}

function linesOf(name) {
  const found = curves[name], some = visible().filter((run) => run in found);
  if (!means.checked) return some.map((run) => lineOf(run, found[run]));
  const groups = new Map();
  for (const run of some) groups.set(runs[run].group, [...(groups.get(runs[run].group) || []), run]);
  return [...groups].flatMap(([number, members]) => {
    const line = meanOf(number, members, found);
    return line ? [line] : members.map((run) => lineOf(run, found[run]));
  });
}

// ---- best and last --------------------------------------------------------------------------------------------------

const where = (run, step) => short(over(run, [step])[0]);

function marksOf(name, some) {
  const kinds = ["best", "low", "high", "last"].filter((kind) => some.some((run) => kind in curves[name][run].marks));
  const words = { best: "best", low: "lowest", high: "highest", last: "last" }, lead = kinds[0];
  const sign = facts.metrics[name] ? facts.metrics[name].good : 0;
  const order = [...some].sort((a, b) => {
    const [one, other] = [curves[name][a].marks[lead][1], curves[name][b].marks[lead][1]];
    return (sign > 0 ? other - one : one - other) || a - b;
  });
  const head = make("tr", {}, make("th", { scope: "col" }, "run"), kinds.map((kind) => make("th", { scope: "col", class: "n" }, words[kind])));
  const lines = order.map((run) => make("tr", { "data-line": run }, make("th", { scope: "row", title: runs[run].label }, swatch(run), runs[run].label),
    kinds.map((kind) => {
      const [step, value] = curves[name][run].marks[kind];
      return make("td", { class: "n" }, shown(value, 5), kind === "last" ? null : make("small", {}, ` at ${where(run, step)}`));
    })));
  return make("div", { class: "marks", tabindex: some.length > 6 ? "0" : null }, make("table", {}, make("thead", {}, head), make("tbody", {}, lines)));
}

// ---- charts ---------------------------------------------------------------------------------------------------------

function fill(card) {
  const name = card.dataset.name, lines = linesOf(name);
  card.dataset.stale = "";
  const title = make("h3", {}, name);
  if (!lines.length) { card.replaceChildren(title, make("p", {}, "None of the drawn runs has this.")); return; }
  const log = logarithmic.checked && lines.some((line) => line.y.some((value) => value > 0));
  const drawn = chart(lines, { axis: axis.selectedOptions[0].textContent, log, extremes: extremes.checked, name });
  const frame = make("div", { class: "frame" }, drawn.made);
  card.replaceChildren(title, frame, marksOf(name, visible().filter((run) => run in curves[name])));
  pointed(drawn, frame);
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.dataset.near = isIntersecting ? "yes" : "";
    if (isIntersecting && target.dataset.stale) fill(target);
  }
}, { rootMargin: "300px" });

function again() {
  for (const card of cards.values()) {
    card.dataset.stale = "yes";
    if (card.dataset.near) fill(card);
  }
}

function choose(name, on) {
  if (on && !cards.has(name)) {
    const card = make("article", { class: "card", "data-name": name, "data-stale": "yes" }, make("h3", {}, name));
    cards.set(name, card);
    const after = names.slice(names.indexOf(name) + 1).map((other) => cards.get(other)).find(Boolean);
    host.insertBefore(card, after || null);
    seen.observe(card);
  } else if (!on && cards.has(name)) {
    seen.unobserve(cards.get(name));
    cards.get(name).remove();
    cards.delete(name);
  }
}

const QUOTED = /\/(loss|elbo|fid.*|mse|mel_mcd_(AtoB|BtoA|mean))$/;

// Validation first, what has a good end before what has none, what most runs have before the rest.
function favourites() {
  const score = (name) => {
    const having = Object.keys(curves[name]).length / runs.length, metric = facts.metrics[name];
    return 2 * having + (name.startsWith("val/") ? 1 : 0) + (metric && metric.good ? 1 : 0) + (QUOTED.test(name) ? 1 : 0);
  };
  return [...names].sort((a, b) => score(b) - score(a)).slice(0, FIRST);
}

function setCharts() {
  const which = one("#which"), chosen = new Set(remembered.charts || favourites());
  for (const name of names) {
    const chip = make("button", { type: "button", class: "chip", "aria-pressed": String(chosen.has(name)), click: () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", on);
      choose(name, on);
      remember("charts", [...cards.keys()]);
    } }, name);
    which.append(chip);
    if (chosen.has(name)) choose(name, true);
  }
}

if (host) {
  one("#smoothness").value = smooth.value;
  setCharts();
  watch(again);
  addEventListener("beforeprint", () => { for (const card of cards.values()) if (card.dataset.stale) fill(card); });
}
