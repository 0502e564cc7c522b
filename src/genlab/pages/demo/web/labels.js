// ---- labels ----------------------------------------------------------------------------------------------------------

function setLabel(label) {
  state.label = label;
  markLabel();
  if (able.decodes) draw(); else if (able.samples) drawSeed();
}

let markLabel = () => {};

function showLabels() {
  const place = find("#label"), { kind, names } = told.labels;
  if (kind === "attributes") showValues(place);
  else if (names.length <= THUMBS && able.decodes) showClasses(place, names);
  else {
    const select = make("select", { "aria-label": "Class" }, ...names.map((words, i) => make("option", { value: i }, words)));
    select.onchange = () => setLabel(Number(select.value));
    markLabel = () => { select.value = state.label; };
    place.append(select);
  }
  reveal(place);
  markLabel();
}

function showClasses(place, names) {
  const cells = names.map((words, i) => thumb("data:,", words, () => setLabel(i), { role: "radio" }));
  place.append(make("div", { className: "thumbs", role: "radiogroup", "aria-label": "Class" }, ...cells));
  markLabel = () => cells.forEach((cell, i) => cell.setAttribute("aria-checked", i === state.label));
}

function showValues(place) {
  const chips = make("div", { className: "chips" }), ranges = make("div", { className: "levels" }), marks = [];
  const change = (k, value) => setLabel(state.label.map((old, i) => i === k ? value : old));
  told.labels.names.forEach((words, k) => {
    const levels = told.labels.levels[k];
    if (levels === 2) {
      const chip = button(words.replaceAll("_", " "), () => change(k, 1 - state.label[k]));
      marks.push(() => chip.setAttribute("aria-pressed", state.label[k] === 1));
      chips.append(chip);
      return;
    }
    const ends = { min: 0, max: levels ? levels - 1 : 1, step: levels ? 1 : 0.01 };
    const input = make("input", { type: "range", ...ends, oninput: () => change(k, input.valueAsNumber) });
    const output = make("output");
    marks.push(() => { input.value = state.label[k]; output.value = state.label[k]; });
    ranges.append(make("label", { className: "slider" }, make("span", { className: "name" }, words), input, output));
  });
  place.append(...[chips, ranges].filter((part) => part.children.length));
  markLabel = () => marks.forEach((mark) => mark());
}
