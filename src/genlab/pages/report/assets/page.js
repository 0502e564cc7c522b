// What every part of the page uses: the data, elements, numbers, colours, and which runs are shown.
const block = (name) => JSON.parse(document.getElementById(name).textContent);
const facts = block("facts"), points = block("points"), strips = block("strips");
const runs = facts.runs.map((run, id) => ({ ...run, id }));
facts.groups.forEach((group, number) => group.runs.forEach((id) => { runs[id].group = number; }));

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const numbers = (text) => text.split(" ").filter(Boolean).map(Number);

// An element with attributes and children. Children that are no elements become text: no string is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const vector = ["svg", "g", "path", "line", "rect", "circle", "text", "clipPath", "polygon"].includes(tag);
  const made = vector ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") made.style.cssText = value;
    else if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// ---- numbers --------------------------------------------------------------------------------------------------------

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function shown(value, digits = 4) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return trimmed(value.toPrecision(3)).replace("e+", "e");
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size || 1)));
  return trimmed(value.toFixed(Math.min(decimals, 6))).replace("-", "\u2212");
}

// With so many decimals, or more where three digits need them.
function fixed(value, decimals) {
  if (Math.abs(value) >= 1e6) return shown(value);
  const enough = value ? Math.max(decimals, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value))))) : decimals;
  return value.toFixed(enough).replace("-", "\u2212");
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};

// ---- colours --------------------------------------------------------------------------------------------------------

const COLOURS = 10, DASHES = ["", "6 3", "2 3"];
const colourOf = (group) => `var(--c${group % COLOURS})`;
const dashOf = (group) => DASHES[Math.floor(group / COLOURS) % DASHES.length];
const swatch = (run) => make("i", { class: "swatch", style: `background:${colourOf(runs[run].group)}` });

function paint() {
  for (const row of all("tr[data-group]")) {
    const mark = one(".swatch", row);
    if (mark) mark.style.background = colourOf(Number(row.dataset.group));
  }
  for (const figure of all("figure[data-run]")) one(".swatch", figure).style.background = colourOf(runs[figure.dataset.run].group);
}

// ---- which runs are shown -------------------------------------------------------------------------------------------

const choice = { ticked: new Set(), passing: new Set(runs.map((run) => run.id)), watching: [] };
const visible = () => runs.filter((run) => choice.ticked.has(run.id) && choice.passing.has(run.id)).map((run) => run.id);
const watch = (listener) => choice.watching.push(listener);
const changed = () => choice.watching.forEach((listener) => listener());

// ---- what is kept over a reload -------------------------------------------------------------------------------------

const KEY = `genlab report ${facts.title}`;
const remembered = (() => {
  try { return JSON.parse(sessionStorage.getItem(KEY)) || {}; } catch { return {}; }
})();

function remember(name, value) {
  remembered[name] = value;
  try { sessionStorage.setItem(KEY, JSON.stringify(remembered)); } catch { /* a page without storage forgets */ }
}

// A field whose value is kept; ``act`` is called at every change.
function field(id, act) {
  const found = document.getElementById(id);
  if (!found) return null;
  const property = found.type === "checkbox" ? "checked" : "value";
  if (id in remembered) found[property] = remembered[id];
  found.addEventListener("input", () => { remember(id, found[property]); act(); });
  return found;
}
