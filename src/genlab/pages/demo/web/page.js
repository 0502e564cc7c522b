"use strict";
const told = JSON.parse(document.getElementById("told").textContent), able = told.able;
const find = (selector, within = document) => within.querySelector(selector);
const FIRST = 12, STEPS = 9, GALLERY = 20, THUMBS = 20; // sliders at first, pictures of a path, samples, classes with a picture
const IDLE = 0.01; // nats of a latent below which it says nothing of the picture
const SMALL = 48; // pixels of a side below which they are shown as squares
const PATIENCE = 20_000; // milliseconds for which a message stays

// ---- small parts -----------------------------------------------------------------------------------------------------

function make(tag, set = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(set)) key in made ? made[key] = value : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const image = (src, alt) => make("img", { src, alt });
const figure = (src, words) => make("figure", {}, image(src, words), make("figcaption", {}, words));
const button = (words, click) => make("button", { type: "button", onclick: click }, words);
const reveal = (...elements) => elements.forEach((element) => { element.hidden = false; });
const mix = (a, b, t) => a.map((x, i) => (1 - t) * x + t * b[i]);
const name = (what, ending = "png") => `${told.title.replace(/[^\p{L}\p{N}]+/gu, "-")}-${what}.${ending}`;

function thumb(src, words, click, role = {}) {
  return make("button", { type: "button", className: "thumb", onclick: click, title: words, ...role },
    image(src, ""), make("span", {}, words));
}

let silence = 0;
function say(text) {
  const message = find("#message");
  message.textContent = text;
  message.hidden = !text;
  clearTimeout(silence);
  if (text) silence = setTimeout(() => say(""), PATIENCE);
}

async function tried(work) {
  try { await work(); } catch (error) { say(error.message); }
}

// of calls that come while one is under way only the newest is made afterwards: a slider never runs ahead of the picture
function newest(work) {
  let busy = false, next = null;
  return async (...given) => {
    next = given;
    if (busy) return;
    busy = true;
    while (next) {
      const now = next;
      next = null;
      await tried(() => work(...now));
    }
    busy = false;
  };
}

// ---- asking ----------------------------------------------------------------------------------------------------------

async function ask(address, type, body) {
  let response;
  try {
    response = await fetch(address, { method: "POST", headers: { "Content-Type": type }, body });
  } catch {
    throw new Error("The server does not answer. Is demo.py still running?");
  }
  const answer = await response.json().catch(() => ({ error: "The server's answer cannot be read." }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const question = (address, asked) => ask(address, "application/json", JSON.stringify(asked));

function send(address, file, asked) {
  if (file.size > told.limits.size) {
    const most = Math.round(told.limits.size / 1e6);
    throw new Error(`The file has ${Math.round(file.size / 1e6)} MB, and this page takes ${most} MB at most. Make it smaller.`);
  }
  return ask(`${address}?${new URLSearchParams(asked)}`, "application/octet-stream", file);
}

function blob(uri) {
  const bytes = atob(uri.slice(uri.indexOf(",") + 1));
  return new Blob([Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))], { type: uri.slice(5, uri.indexOf(";")) });
}

// a picture that is dropped on ``target``, chosen in its input, or (where it says so) pasted anywhere
function takes(target, take) {
  const over = (on) => (event) => { event.preventDefault(); target.classList.toggle("over", on); };
  target.addEventListener("dragover", over(true));
  target.addEventListener("dragleave", over(false));
  target.addEventListener("drop", (event) => {
    over(false)(event);
    event.stopPropagation();
    first(event.dataTransfer.files, take);
  });
  target.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    first(event.target.files, take);
    event.target.value = "";
  });
}

function first(files, take) {
  if (files.length) tried(() => take(files[0]));
}

function takesAnywhere(take) {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { event.preventDefault(); first(event.dataTransfer.files, take); });
  addEventListener("paste", (event) => first(event.clipboardData.files, take));
}

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

// ---- pictures and the path between them ------------------------------------------------------------------------------

const slots = [];
let next = 0;

function setNext(place) {
  next = place % slots.length;
  slots.forEach((slot, i) => slot.element.classList.toggle("next", slots.length > 1 && i === next));
}

function scoreWords(answer) {
  if (!("score" in answer)) return "";
  const { name: words, typical } = told.score, number = (x) => x.toFixed(1).replace("-", "−");
  if (answer.score === null) return `${words}: not finite`;
  return `${words}: ${number(answer.score)}` + (typical === null ? "" : ` (test pictures: ${number(typical)} on average)`);
}

function newSlot(letter) {
  const views = make("div", { className: "views" }), score = make("p", { className: "hint score" });
  const empty = make("div", { className: "empty" }, able.looks ? "Drop a picture here, paste one, or choose a file" : "Take a picture from above");
  const edit = button("Edit", () => walk(slots.indexOf(slot))), row = make("div", { className: "row" });
  const save = make("a", { hidden: true }, "Download");
  const head = make("h3", {}, letter, make("span", { className: "hint coming" }, "the next picture comes here"), save);
  const element = make("div", { className: "slot" }, head, empty, views, score, row);
  const slot = { element, code: null, fill };
  if (able.looks) {
    const input = make("input", { type: "file", accept: "image/*", "aria-label": `Picture ${letter}` });
    row.append(make("label", { className: "button" }, input, "Choose a file"));
    takes(element, (file) => look(file, slots.indexOf(slot)));
  }
  if (able.decodes) row.append(button("Take current", () => take(slots.indexOf(slot))));
  if (able.decodes) row.append(edit);
  edit.hidden = true;
  views.hidden = true;

  function fill(pictures, code, words) {
    views.replaceChildren(...pictures.map(([src, caption]) => figure(src, caption)));
    score.textContent = words;
    save.href = pictures.at(-1)[0];
    save.download = name(`picture-${letter}`);
    slot.code = code;
    empty.hidden = true;
    views.hidden = save.hidden = false;
    edit.hidden = !code;
    drawPath();
  }
  return slot;
}

async function look(file, place) {
  const slot = slots[place], asked = { label: JSON.stringify(state.label), invert: find("#invert input").checked ? 1 : 0 };
  slot.element.classList.add("waiting");
  try {
    const answer = await send("look", file, asked);
    const views = [["seen", "given"], ["corrupted", "corrupted"], ["reconstruction", able.corrupts ? "restored" : "reconstructed"]];
    const seen = views.filter(([key]) => key in answer).map(([key, words]) => [answer[key], words]);
    slot.fill(seen, able.decodes ? answer.code ?? null : null, scoreWords(answer));
    say("");
    setNext(place + 1);
    if (slot.code) walk(place);
  } finally {
    slot.element.classList.remove("waiting");
  }
}

function take(place) {
  slots[place].fill([[find("#picture").src, "taken"]], z(), "");
  setNext(place + 1);
}

const drawPath = newest(async () => {
  const path = find("#path");
  if (slots.length < 2 || !slots[0].code || !slots[1].code) return;
  reveal(path);
  const codes = Array.from({ length: STEPS }, (_, i) => mix(slots[0].code, slots[1].code, i / (STEPS - 1)));
  const { pictures } = await question("decode", { codes, labels: labels(STEPS) });
  find(".strip", path).replaceChildren(...pictures.map((src, i) => {
    const cell = image(src, "");
    cell.onclick = () => walk(i / (STEPS - 1));
    return cell;
  }));
});

// t: 0 at A, 1 at B
function walk(t) {
  find("#path input").value = t;
  find("#path output").value = t.toFixed(2);
  if (t === 0 || t === 1) setCode(slots[t].code, `picture-${"AB"[t]}`);
  else setCode(mix(slots[0].code, slots[1].code, t), `path-${t.toFixed(2)}`);
}

function showExamples(place, examples, choose) {
  if (!examples.length) return;
  const words = (example) => told.labels?.kind === "classes" ? told.labels.names[example.label] : "";
  find(".thumbs", place).replaceChildren(...examples.map((one, i) =>
    thumb(one.picture, words(one), () => tried(() => choose(one)), { "aria-label": `Test ${one.sound ? "sentence" : "picture"} ${i + 1} ${words(one)}` })));
  reveal(place);
}

function showPictures() {
  const section = find("#pictures"), two = able.decodes;
  (two ? ["A", "B"] : [""]).forEach((letter) => slots.push(newSlot(letter)));
  find(".slots", section).append(...slots.map((slot) => slot.element));
  find(".slots", section).classList.toggle("one", !two);
  find("h2", section).textContent = two ? "Two pictures, and the path between" : "Your picture";
  const fits = `Pictures are scaled to ${told.shape[2]} x ${told.shape[1]} pixels, and their middle is cut out. `;
  const given = told.labels && able.looks ? "The label chosen for the current picture is given with them. " : "";
  find(".hint", section).textContent = able.looks ? fits + given + `${told.limits.kinds}.` : "The path goes from one code to the other in a straight line.";
  find("#path input").addEventListener("input", (event) => walk(event.target.valueAsNumber));
  setNext(0);
  if (!able.looks) return reveal(section);
  takesAnywhere((file) => look(file, next));
  if (told.shape[0] === 1) reveal(find("#invert"));
  showExamples(find(".examples", section), told.examples, (example) => {
    if (told.labels && example.label !== null) { state.label = example.label; markLabel(); }
    return look(blob(example.picture), next);
  });
  reveal(section);
}

// ---- samples ---------------------------------------------------------------------------------------------------------

const drawSamples = newest(async (first) => {
  const seeds = Array.from({ length: GALLERY }, (_, i) => first + i);
  const { pictures } = await question("sample", { seeds, labels: labels(GALLERY) });
  find("#samples .thumbs").replaceChildren(...pictures.map((src, i) => thumb(src, String(seeds[i]), () => {
    find("#seed").value = seeds[i];
    drawSeed();
  })));
});

function showSamples() {
  let first = 1;
  find("#samples button").onclick = () => drawSamples(first += GALLERY);
  find("#seed").onchange = () => { if (find("#seed").validity.valid && find("#seed").value !== "") drawSeed(); };
  find("#new").onclick = () => { find("#seed").value = Math.floor(Math.random() * 1e6); drawSeed(); };
  if (!able.draws) find("#samples .hint").textContent = "Each has a seed.";
  drawSamples(first);
  reveal(find("#samples"));
}

// ---- translation -----------------------------------------------------------------------------------------------------

const other = { AtoB: "BtoA", BtoA: "AtoB" };

function showTranslation() {
  const place = find("#translating"), triple = find(".triple", place);
  const side = { AtoB: told.sides, BtoA: [...told.sides].reverse() };
  let way = able.directions[0], given = null;

  const translate = newest(async (file) => {
    given = file;
    triple.classList.add("waiting");
    try {
      const [from, to] = side[way], there = await send("translate", file, { direction: way });
      triple.replaceChildren(
        view("given", `Given: ${from}`, there.seen, there.heard),
        view("translated", `Translated: ${to}`, there.made, there.sound, there.note),
      );
      reveal(triple);
      say("");
      if (!able.directions.includes(other[way])) return;
      const back = await send("translate", blob(there.sound ?? there.made), { direction: other[way] });
      triple.append(view("back", `And back: ${from}`, back.made, back.sound, back.note));
    } finally {
      triple.classList.remove("waiting");
    }
  });

  // a picture, or a spectrogram with its sound
  function view(what, words, src, sound, note) {
    const caption = make("figcaption", {}, make("span", {}, words)), file = name(what, sound ? "wav" : "png");
    if (what !== "given") caption.append(make("a", { className: "button", href: sound ?? src, download: file }, "Download"));
    if (note) caption.append(make("span", { className: "note" }, note));
    const player = sound ? [make("audio", { controls: true, src: sound, "aria-label": words, onplay: alone })] : [];
    return make("figure", {}, image(src, sound ? `Spectrogram. ${words}` : words), ...player, caption);
  }

  function alone({ target }) {
    for (const player of triple.querySelectorAll("audio")) if (player !== target) player.pause();
  }

  function choose(direction) {
    way = direction;
    ways.forEach((one, i) => one.setAttribute("aria-checked", able.directions[i] === way));
    const own = told.examples.filter((example) => example.direction === way);
    showExamples(find(".examples", place), own, (example) => translate(blob(example.sound ?? example.picture)));
  }

  const ways = able.directions.map((direction) =>
    make("button", { type: "button", role: "radio", onclick: () => { choose(direction); if (given) translate(given); } },
      side[direction].join(" → ")));
  find(".ways", place).append(...ways);
  if (told.sound) inWordsOfSound(place);
  else find(".drop .hint").textContent =
    `${told.limits.kinds}, of any size: above ${told.limits.side} pixels a side it is made smaller first.`;
  takes(find(".drop", place), translate);
  takesAnywhere(translate);
  choose(way);
  reveal(place);
}

function inWordsOfSound(place) {
  place.classList.add("spoken");
  find(".drop input", place).accept = ".wav,.flac,audio/wav,audio/flac";
  find(".drop .what", place).replaceChildren(make("b", {}, "Drop a sound"), ", or choose a file");
  find(".drop .hint", place).textContent =
    `${told.limits.kinds}, up to ${told.sound.seconds} seconds; it comes back as long and as loud.`;
  find(".examples .hint", place).textContent = "Test sentences to try";
}

// ---- what this model can do ------------------------------------------------------------------------------------------

find("#about").textContent = told.about;
if (Math.max(told.shape[1], told.shape[2]) < SMALL) find("#making").classList.add("small");
if (able.directions.length) showTranslation();
if (able.samples || able.decodes || able.looks) {
  reveal(find("#making"));
  find("#stage").hidden = !(able.samples || able.decodes);
  find("#making").classList.toggle("alone", find("#stage").hidden);
  find("#seeding").hidden = !able.samples;
  if (told.labels) showLabels();
  if (able.decodes) showLatents();
  if (told.directions.names.length) showAttributes();
  if (able.decodes || able.looks) showPictures();
  if (able.samples) showSamples();
  if (able.draws) {
    question("sample", { seeds: [0, 1], labels: labels(2) }).then(({ pictures, codes }) => {
      slots.forEach((slot, i) => slot.fill([[pictures[i], `seed ${i}`]], codes[i], ""));
      setCode(codes[0], "seed-0");
    }, (error) => say(error.message));
  } else if (able.decodes) draw();
  else if (able.samples) drawSeed();
}
