// One metric over all groups, best first, with its error bars and the single seeds.
const ranking = one("#ranking");
const MOST = 24; // rows before the rest is counted

function barsOf(name) {
  const metric = facts.metrics[name];
  return facts.groups.map((group, number) => {
    const having = group.runs.filter((run) => choice.passing.has(run) && metric.values[run] !== null);
    const finished = having.filter((run) => runs[run].state === "finished"), some = finished.length ? finished : having;
    const values = some.map((run) => metric.values[run]);
    if (!values.length) return null;
    const error = values.length > 1 ? spread(values) : metric.errors[some[0]];
    return { number, values, runs: some, at: mean(values), error: error || 0, done: finished.length > 0 };
  }).filter(Boolean).sort((a, b) => (metric.good > 0 ? b.at - a.at : a.at - b.at) || a.number - b.number);
}

// Groups that can be compared: of the same images and, in nats, of the same likelihood.
function comparable(bars, metric) {
  const found = new Map();
  for (const entry of bars) {
    const run = runs[entry.runs[0]], key = `${run.images} ${metric.nats ? run.likelihood : ""}`;
    found.set(key, [...(found.get(key) || []), entry]);
  }
  return [...found.values()].sort((a, b) => b.length - a.length);
}

function stretch(bars, metric, several) {
  const ends = bars.flatMap((b) => [b.at - b.error, b.at + b.error, ...b.values]); // a seed may lie beyond the error of the mean
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const place = (value) => (high > low ? 2 + (96 * (value - low)) / (high - low) : 50);
  const first = bars.find((entry) => entry.done), { data, likelihood } = runs[bars[0].runs[0]];
  const title = several ? make("h4", {}, metric.nats && likelihood ? `${data}, ${likelihood}` : data) : null;
  const left = bars.length - MOST;
  return [title, ...bars.slice(0, MOST).map((entry) => bar(entry, place, metric.decimals, metric.good && bars.length > 1 && entry === first)),
    left > 0 ? make("small", {}, `and ${left} more`) : null].filter(Boolean);
}

function bar(entry, place, decimals, best) {
  const label = facts.groups[entry.number].label, wide = place(entry.at + entry.error) - place(entry.at - entry.error);
  const track = make("div", { class: "track" },
    entry.error ? make("i", { class: "whisker", style: `left:${place(entry.at - entry.error)}%;width:${wide}%` }) : null,
    entry.values.length > 1 ? entry.values.map((value) => make("i", { class: "seed", style: `left:${place(value)}%` })) : null,
    make("i", { class: "at", style: `left:${place(entry.at)}%` }));
  const error = entry.error ? make("small", {}, ` ± ${shown(entry.error, 2)}`) : null;
  const own = { class: best ? "rank best" : entry.done ? "rank" : "rank undone", style: `--own:${colourOf(entry.number)}`, "data-line": entry.runs.join(" ") };
  return make("div", own, make("span", { title: label }, label), track, make("span", { class: "n" }, fixed(entry.at, decimals), error));
}

function rankings() {
  const names = Object.keys(facts.metrics).filter((name) => facts.metrics[name].values.filter((value) => value !== null).length > 1);
  if (!names.length) return;
  const usual = one(".best table th[data-metric]");
  const select = make("select", { id: "ranked" }, names.map((name) => make("option", { value: name, selected: Boolean(usual) && usual.dataset.metric === name }, name)));
  const lines = make("div", { class: "ranks" }), note = make("p", {});
  ranking.append(make("div", { class: "bar works" }, make("label", {}, "all runs by ", select)), lines, note);
  const chosen = field("ranked", show);
  function show() {
    const metric = facts.metrics[chosen.value], blocks = comparable(barsOf(chosen.value), metric);
    lines.replaceChildren(...blocks.flatMap((bars) => stretch(bars, metric, blocks.length > 1)));
    const parts = [metric.good > 0 ? "Higher is better." : metric.good < 0 ? "Lower is better." : "Neither end is certainly better."];
    if (blocks.length > 1) parts.push("Apart: what has other images or another likelihood, and a scale of its own.");
    if (blocks.flat().some((entry) => !entry.done)) parts.push("Hollow: not finished.");
    note.textContent = parts.join(" ");
  }
  watch(show);
}

if (ranking) rankings();
