// The table of runs: sorting, filters, columns, seeds together or apart, which runs are ticked.
const table = one("#runs"), body = one("tbody", table), heads = all("thead th", table);
const rows = all("tr", body).map((row) => ({
  row, runs: numbers(row.dataset.runs), group: row.classList.contains("group"), member: row.classList.contains("member"),
  number: Number(row.dataset.group),
}));
const buttons = all("thead button", table);
const columnOf = new Map(buttons.map((button, i) => [button.dataset.name, i + 1]));
const many = 12; // groups that are ticked at first, where there are twice as many or more
let sorted = remembered.sorted || null; // [name, 1 or -1]
const opened = new Set(), pressed = new Map(); // groups that are unfolded; chips by the key that they are of

const together = field("together", () => arrange());
const filter = field("filter", () => { sieve(); });

function cell(entry, name) {
  const found = entry.row.children[columnOf.get(name)];
  const text = "key" in found.dataset ? found.dataset.key : found.textContent;
  const number = Number(text);
  return text === "" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
}

function ordered(entries) {
  if (!sorted) return entries;
  const [name, sign] = sorted;
  const keyed = entries.map((entry, i) => ({ entry, i, key: cell(entry, name) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.i - b.i;
    if (typeof a.key !== typeof b.key) return typeof a.key === "number" ? -1 : 1;
    const order = typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key, "en", { numeric: true });
    return sign * order || a.i - b.i;
  });
  return keyed.map(({ entry }) => entry);
}

// The rows in their order, with those hidden that do not pass.
function arrange() {
  const grouped = together.checked;
  const units = rows.filter((entry) => (grouped ? !entry.member : !entry.group));
  const order = ordered(units).flatMap((entry) =>
    grouped && entry.group ? [entry, ...ordered(rows.filter((other) => other.member && other.number === entry.number))] : [entry]);
  const used = new Set(order);
  for (const entry of rows) {
    const passes = entry.runs.some((run) => choice.passing.has(run));
    const folded = grouped && entry.member && !opened.has(entry.number);
    entry.row.hidden = !used.has(entry) || !passes || folded;
    entry.row.classList.toggle("inside", grouped && entry.member);
  }
  body.append(...order.map((entry) => entry.row), ...rows.filter((entry) => !used.has(entry)).map((entry) => entry.row));
}

function sort(button) {
  const name = button.dataset.name, good = Number(button.dataset.good);
  const first = good > 0 ? -1 : 1;
  sorted = sorted && sorted[0] === name ? [name, -sorted[1]] : [name, first];
  remember("sorted", sorted);
  mark();
  arrange();
}

function mark() {
  for (const button of buttons) {
    const on = sorted && sorted[0] === button.dataset.name;
    button.parentElement.setAttribute("aria-sort", on ? (sorted[1] > 0 ? "ascending" : "descending") : "none");
  }
}

// ---- filters --------------------------------------------------------------------------------------------------------

const CONDITION = /^(.+?)(<=|>=|!=|<|>|=)(.+)$/;

function valuesOf(name, run) {
  const key = facts.config.find(([key]) => key === name) || facts.config.find(([key]) => key.endsWith(`.${name}`));
  if (key) return key[2][run] < 0 ? [] : [key[1][key[2][run]]];
  if (name in runs[run]) return [String(runs[run][name])];
  const metrics = Object.keys(facts.metrics).filter((metric) => metric === name || metric.endsWith(`/${name}`));
  return metrics.map((metric) => facts.metrics[metric].values[run]).filter((value) => value !== null).map(String);
}

function meets(run, word) {
  const condition = CONDITION.exec(word);
  if (!condition) return texts[run].includes(word);
  const [, name, sign, wanted] = condition;
  return valuesOf(name, run).some((value) => {
    const [a, b] = [Number(value), Number(wanted)];
    if (Number.isNaN(a) || Number.isNaN(b)) return sign === "=" ? value.toLowerCase() === wanted : sign === "!=" && value.toLowerCase() !== wanted;
    return { "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "=": a === b, "!=": a !== b }[sign];
  });
}

const texts = runs.map((run) => [run.label, run.model, run.data, run.state].join(" ").toLowerCase());

function sieve() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const sets = [...pressed.values()];
  choice.passing = new Set(runs.map((run) => run.id).filter((run) =>
    words.every((word) => meets(run, word)) && sets.every((set) => set.some((chip) => numbers(chip.dataset.runs).includes(run)))));
  const count = choice.passing.size;
  one("#count").value = count === runs.length ? plural(count, "run") : `${count} of ${plural(runs.length, "run")}`;
  for (const row of all(".ledger tr[data-runs]")) row.hidden = !numbers(row.dataset.runs).some((run) => choice.passing.has(run));
  for (const fold of all(".provenance details")) fold.hidden = !choice.passing.has(Number(fold.dataset.runs));
  arrange();
  changed();
}

// Values of one key are alternatives; of several keys all must hold.
function press(chip) {
  const key = chip.closest("dd"), on = chip.getAttribute("aria-pressed") !== "true";
  chip.setAttribute("aria-pressed", on);
  const chosen = all(".chip[aria-pressed=true]", key);
  if (chosen.length) pressed.set(key, chosen); else pressed.delete(key);
  sieve();
}

// ---- columns and ticks ----------------------------------------------------------------------------------------------

function column(box) {
  const place = Number(box.dataset.column) + 2;
  for (const row of [heads[0].parentElement, ...rows.map((entry) => entry.row)]) row.children[place].hidden = !box.checked;
  fit();
}

// Paper has one width: the style makes letters smaller where there are many columns.
function fit() { table.style.setProperty("--columns", heads.filter((head) => !head.hidden).length); }

function tick(entry, on) {
  for (const run of entry.runs) choice.ticked[on ? "add" : "delete"](run);
  showTicks();
}

function showTicks() {
  for (const entry of rows) {
    const count = entry.runs.filter((run) => choice.ticked.has(run)).length, box = one(".tick input", entry.row);
    box.checked = count > 0;
    box.indeterminate = count > 0 && count < entry.runs.length;
  }
  remember("ticked", [...choice.ticked]);
}

function firstTicks() {
  const known = Array.isArray(remembered.ticked) && remembered.count === runs.length;
  const few = facts.groups.length < 2 * many ? facts.groups : facts.groups.slice(0, many);
  for (const run of known ? remembered.ticked : few.flatMap((group) => group.runs)) choice.ticked.add(run);
  remember("count", runs.length);
  showTicks();
}

fit();
for (const button of buttons) button.addEventListener("click", () => sort(button));
for (const box of all(".menu input")) {
  const name = `column ${box.parentElement.title}`;
  if (name in remembered && remembered[name] !== box.checked) { box.checked = remembered[name]; column(box); }
  box.addEventListener("input", () => { remember(name, box.checked); column(box); });
}
for (const entry of rows) {
  one(".tick input", entry.row).addEventListener("input", (event) => { tick(entry, event.target.checked); changed(); });
  const opener = one(".opener", entry.row);
  if (opener) opener.addEventListener("click", () => {
    const open = opened.has(entry.number);
    opened[open ? "delete" : "add"](entry.number);
    opener.setAttribute("aria-expanded", !open);
    arrange();
  });
  entry.row.addEventListener("pointerenter", () => light(entry.runs));
  entry.row.addEventListener("pointerleave", () => light([]));
}
for (const chip of all(".facets .chip")) chip.addEventListener("click", () => press(chip));

// What belongs to these runs stands out elsewhere on the page.
function light(some) {
  document.body.classList.toggle("lit", some.length > 0);
  for (const part of all("[data-line]")) part.classList.toggle("hot", some.some((run) => numbers(part.dataset.line).includes(run)));
}
