// ---- the current picture ---------------------------------------------------------------------------------------------

const state = {
  code: told.latents ? [...told.latents.start] : [],
  strengths: told.directions.names.map(() => 0),
  label: told.label,
  loaded: [told.latents?.start ?? [], "start"], // what "Reset" goes back to
  from: "start", // where the picture comes from, in words and for the name of a download
};

function z() {
  const code = [...state.code];
  state.strengths.forEach((strength, a) => {
    if (strength) told.directions.steps[a].forEach((step, i) => { code[i] += strength * step; });
  });
  return code;
}

const labels = (count) => told.labels ? Array(count).fill(state.label) : null;

function show(picture) {
  find("#picture").src = find("#download").href = picture;
  find("#from").textContent = state.from.replaceAll("-", " ");
  find("#download").download = name(state.from);
}

const draw = newest(async () => {
  show((await question("decode", { codes: [z()], labels: labels(1) })).pictures[0]);
  drawClasses();
});

const drawClasses = newest(async () => {
  const cells = [...document.querySelectorAll("#label .thumb img")];
  if (!cells.length) return;
  const asked = { codes: cells.map(z), labels: cells.map((_, i) => i) };
  (await question("decode", asked)).pictures.forEach((picture, i) => { cells[i].src = picture; });
});

function setCode(code, from) {
  state.code = [...code];
  state.from = from;
  state.loaded = [code, from];
  state.strengths.fill(0);
  sliders.forEach((slider) => slider.update());
  draw();
}

const drawSeed = newest(async () => {
  const seed = find("#seed").valueAsNumber;
  const made = await question("sample", { seeds: [seed], labels: labels(1) });
  if (made.codes) return setCode(made.codes[0], `seed-${seed}`);
  state.from = `seed-${seed}`;
  show(made.pictures[0]);
});

// ---- sliders ---------------------------------------------------------------------------------------------------------

const sliders = [];

// ``get`` and ``set`` the value; the ends move outwards where a value lies beyond them
function slider(words, ends, get, set, worth) {
  const input = make("input", { type: "range", min: ends.low, max: ends.high, step: "any", "aria-label": words });
  const output = make("output");
  const update = () => {
    const value = get();
    input.min = Math.min(ends.low, value);
    input.max = Math.max(ends.high, value);
    input.value = value;
    output.value = value.toFixed(2).replace("-", "−");
  };
  input.addEventListener("input", () => { set(input.valueAsNumber); update(); draw(); });
  const title = make("span", { className: "name", title: words }, words);
  if (worth) title.append(make("meter", { min: 0, max: worth.most || 1, value: worth.value, title: worth.words }));
  update();
  sliders.push({ update });
  return make("label", { className: "slider" }, title, input, output);
}

function fold(more, rest, count) {
  rest.forEach((row) => { row.hidden = true; });
  more.hidden = !rest.length;
  more.textContent = `Show all ${count}`;
  more.onclick = () => { reveal(...rest); more.hidden = true; };
}

function showLatents() {
  const { by, groups } = told.latents, every = groups.flatMap((group) => group.latents);
  const most = Math.max(...every.map((latent) => latent.worth));
  const place = find("#latents .sliders"), rest = [];
  for (const { title, latents } of groups) {
    const heading = make("h3", {}, title);
    if (title) place.append(heading);
    latents.forEach((latent, i) => {
      const worth = { value: latent.worth, most, words: `${by}: ${latent.worth.toPrecision(3)}` };
      const set = (value) => { state.code[latent.index] = value; state.from = "edited"; };
      const row = slider(latent.name, latent, () => state.code[latent.index], set, worth);
      if (i >= FIRST) rest.push(row);
      place.append(row);
    });
  }
  const idle = by.startsWith("KL") ? every.filter((latent) => latent.worth < IDLE).length : 0;
  find("#latents .hint").textContent = `Ranked by ${by} (the bars); what matters most comes first.`
    + (idle ? ` ${idle} of ${every.length} are hardly used (below ${IDLE}).` : "");
  fold(find("#latents .more"), rest, every.length);
  find("#latents .reset").onclick = () => setCode(...state.loaded);
  reveal(find("#latents"));
}

function showAttributes() {
  const rows = told.directions.names.map((words, a) => {
    const set = (value) => { state.strengths[a] = value; state.from = "edited"; };
    return slider(words.replaceAll("_", " "), { low: -3, high: 3 }, () => state.strengths[a], set);
  });
  find("#attributes .sliders").append(...rows);
  fold(find("#attributes .more"), rows.slice(FIRST), rows.length);
  reveal(find("#attributes"));
}
