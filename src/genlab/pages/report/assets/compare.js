// Two runs: what differs in their configurations, then their numbers, then their pictures under a swipe.
const pair = one("#pair");

function configTable(a, b) {
  const found = facts.config.filter(([, , of]) => of[a] !== of[b]);
  if (!found.length) return make("p", {}, "Their configurations are equal.");
  const value = (values, i) => (i < 0 ? make("td", { class: "none" }, "no such key") : make("td", {}, make("mark", {}, values[i])));
  const lines = found.map(([key, values, of]) => make("tr", {}, make("th", { scope: "row" }, make("code", {}, key)), value(values, of[a]), value(values, of[b])));
  const both = found.filter(([, , of]) => of[a] >= 0 && of[b] >= 0).length;
  lines.sort((x, y) => x.querySelectorAll(".none").length - y.querySelectorAll(".none").length);
  return folding(`${plural(found.length, "key")} differ${found.length === 1 ? "s" : ""}`, ["key", "A", "B"], lines, Math.max(both, 8));
}

function numberTable(a, b) {
  const found = Object.entries(facts.metrics).filter(([, { values }]) => values[a] !== null && values[b] !== null);
  if (!found.length) return make("p", {}, "They have no metric in common.");
  const lines = found.map(([name, { values, good, decimals }]) => {
    const gap = values[b] - values[a], better = runs[a].images === runs[b].images ? Math.sign(gap) * good : 0;
    const [split, bare] = name.split(/\/(.*)/), words = bare ? [bare, make("small", {}, ` ${split}`)] : [name];
    const cells = [values[a], values[b]].map((value, i) => make("td", { class: better && (better > 0) === (i === 1) ? "n winner" : "n" }, fixed(value, decimals)));
    return make("tr", {}, make("th", { scope: "row" }, words), cells, make("td", { class: "n" }, gap > 0 ? "+" : "", fixed(gap, decimals)));
  });
  return folding(`${plural(found.length, "metric")} in common`, ["metric", "A", "B", "B \u2212 A"], lines, 10);
}

function folding(title, words, lines, open) {
  const of = (some) => make("div", { class: "wide" }, make("table", { class: "plain" },
    make("thead", {}, make("tr", {}, words.map((word, i) => make("th", { scope: "col", class: i && words.length > 3 ? "n" : null }, word)))), make("tbody", {}, some)));
  const rest = lines.slice(open);
  return make("div", {}, make("h3", {}, title), of(lines.slice(0, open)), rest.length ? make("details", {}, make("summary", {}, `${rest.length} more`), of(rest)) : null);
}

// ---- pictures -------------------------------------------------------------------------------------------------------

function swipe(a, b) {
  const shared = strips.map((strip, number) => number).filter((number) => framesOf(number, a).length && framesOf(number, b).length);
  if (!shared.length) return make("p", {}, "They have no kind of picture in common.");
  const which = make("select", { "aria-label": "kind of picture" }, shared.map((number) => make("option", { value: number }, strips[number].kind)));
  const ways = ["swipe", "side by side", "difference"];
  const way = make("select", { "aria-label": "how they are shown" }, ways.map((word) => make("option", {}, word)));
  const epoch = make("input", { type: "range", min: 0, "aria-label": "epoch of both", class: "both" }), words = make("output");
  const edge = make("input", { type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": "swipe from B to A", class: "edge" });
  const [left, right] = [make("img", { alt: "" }), make("img", { alt: "" })];
  const [under, above] = [make("figure", {}, left), make("figure", {}, right)], [name, other] = [make("span"), make("span")];
  const stage = make("div", { class: "stage" }, under, above);
  let steps = [];
  function turned() {
    const number = Number(which.value);
    [[a, left, name, "A"], [b, right, other, "B"]].forEach(([run, image, caption, letter]) => {
      const frames = framesOf(number, run), i = steps.length ? frameAt(frames, steps[epoch.value]) : frames.length - 1;
      image.src = address(number, run, i);
      image.alt = `${letter}: ${strips[number].kind} of ${runs[run].label}`;
      image.className = one(`.panel[data-kind="${number}"] figure[data-run="${run}"] img`).className;
      caption.textContent = `${letter}: ${runs[run].label}${frames[i][0] === null ? "" : `, epoch ${frames[i][0]}`}`;
    });
    words.value = steps.length ? `epoch ${steps[epoch.value]}` : "";
  }
  function laid() {
    stage.dataset.way = way.value;
    edge.hidden = way.value !== "swipe";
    stage.style.setProperty("--edge", `${edge.value}%`);
    stage.style.setProperty("--at", String(edge.value / 100));
  }
  function kindOf() {
    steps = epochsOf(Number(which.value), [a, b]);
    epoch.max = Math.max(0, steps.length - 1);
    epoch.value = epoch.max;
    epoch.hidden = steps.length < 2;
    turned();
  }
  which.addEventListener("input", kindOf);
  epoch.addEventListener("input", turned);
  way.addEventListener("input", laid);
  edge.addEventListener("input", laid);
  kindOf();
  laid();
  return make("div", {}, make("h3", {}, "Pictures"), make("div", { class: "bar" }, which, way, make("label", { class: "epoch" }, epoch, words)), make("div", { class: "names" }, name, other), stage, edge);
}

function compared() {
  const [a, b] = [Number(first.value), Number(second.value)];
  if (a === b) { pair.replaceChildren(make("p", {}, "Choose two runs that are not the same.")); return; }
  const both = make("p", { class: "printed" }, `A: ${runs[a].label} \u00b7 B: ${runs[b].label}`); // who is chosen above is not on paper
  pair.replaceChildren(both, configTable(a, b), numberTable(a, b), swipe(a, b));
}

const first = pair ? field("one", () => compared()) : null, second = pair ? field("other", () => compared()) : null;
if (pair) {
  if (!("one" in remembered)) {
    const best = all(".best td.winner:not(.n)").map((found) => found.textContent);
    const group = facts.groups.find((some) => some.label === best[0]) || facts.groups.find((some) => some.finished) || facts.groups[0];
    const next = facts.groups.find((some) => some !== group && some.finished && runs[some.runs[0]].images === runs[group.runs[0]].images)
      || facts.groups.find((some) => some !== group) || { runs: [group.runs[1]] };
    [first.value, second.value] = [group.runs[0], next.runs[0]];
  }
  one("#swap").addEventListener("click", () => {
    [first.value, second.value] = [second.value, first.value];
    remember("one", first.value);
    remember("other", second.value);
    compared();
  });
  compared();
}
