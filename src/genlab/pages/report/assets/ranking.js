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
  const usual = one(".best table th[scope=row]");
  const select = make("select", { id: "ranked" }, names.map((name) => make("option", { value: name, selected: Boolean(usual) && usual.textContent.startsWith(`${name} `) }, name)));
  const lines = make("div", { class: "ranks" }), note = make("p", {});
  ranking.append(make("div", { class: "bar works" }, make("label", {}, "all runs by ", select)), lines, note);
  const chosen = field("ranked", show);
  function show() {
    const metric = facts.metrics[chosen.value], bars = barsOf(chosen.value);
    const [low, high] = [Math.min(...bars.map((b) => b.at - b.error)), Math.max(...bars.map((b) => b.at + b.error))];
    const place = (value) => (high > low ? 2 + (96 * (value - low)) / (high - low) : 50);
    const first = bars.find((b) => b.done), sets = new Set(bars.map((b) => runs[b.runs[0]].images)).size;
    lines.replaceChildren(...bars.slice(0, MOST).map((b) => bar(b, place, metric.decimals, metric.good && b === first && sets === 1)));
    const parts = [metric.good > 0 ? "Higher is better." : metric.good < 0 ? "Lower is better." : "Neither end is certainly better."];
    if (sets > 1) parts.push(`Of ${sets} sets of images, between which it does not compare: filter by data.`);
    if (bars.some((b) => !b.done)) parts.push("Hollow: not finished.");
    if (bars.length > MOST) parts.push(`${bars.length - MOST} more are left out.`);
    note.textContent = parts.join(" ");
  }
  watch(show);
}

if (ranking) rankings();
