// Pictures of the shown runs by kind; one slider moves all of them through their epochs.
const panels = all(".panel"), slider = one("#epoch"), at = one("#at");
const latest = new Map(panels.flatMap((panel) => all("figure", panel).map((figure) => [`${panel.dataset.kind} ${figure.dataset.run}`, one("img", figure).src])));
let kind = 0;

const framesOf = (number, run) => (strips[number] ? strips[number].frames[run] : null) || [];
const address = (number, run, i) => { const [, content] = framesOf(number, run)[i]; return content === null ? latest.get(`${number} ${run}`) : `data:image/webp;base64,${content}`; };

// The frame of a run that is nearest to an epoch, of those not later if there is one.
function frameAt(frames, epoch) {
  let found = 0;
  frames.forEach(([number], i) => { if (number !== null && number <= epoch) found = i; });
  return found;
}

function epochsOf(number, some) {
  const found = new Set(some.flatMap((run) => framesOf(number, run).map(([epoch]) => epoch)).filter((epoch) => epoch !== null));
  return [...found].sort((a, b) => a - b);
}

let epochs = [];

function turn() {
  const epoch = epochs[slider.value];
  at.value = epochs.length ? epoch : "";
  slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
  for (const figure of all("figure", panels[kind])) {
    const run = figure.dataset.run, frames = framesOf(kind, run);
    if (figure.hidden || !frames.length) continue;
    const i = epochs.length ? frameAt(frames, epoch) : frames.length - 1, words = frames[i][0] === null ? "" : `epoch ${frames[i][0]}`;
    const picture = one("img", figure);
    picture.src = address(kind, run, i);
    picture.alt = `${strips[kind].kind} of ${runs[run].label}${words ? ", " : ""}${words}`;
    one("small", figure).textContent = words;
  }
}

function pictured() {
  const some = visible(), last = epochs.length && Number(slider.value) === epochs.length - 1, before = epochs[slider.value];
  panels.forEach((panel, number) => { panel.hidden = number !== kind; });
  for (const button of all("button[data-kind]")) button.setAttribute("aria-pressed", Number(button.dataset.kind) === kind);
  for (const figure of all("figure", panels[kind])) figure.hidden = !some.includes(Number(figure.dataset.run));
  epochs = epochsOf(kind, some);
  slider.max = Math.max(0, epochs.length - 1);
  slider.disabled = epochs.length < 2;
  slider.value = before === undefined || last ? epochs.length - 1 : Math.max(0, epochs.findLastIndex((epoch) => epoch <= before));
  one(".epoch").classList.toggle("idle", epochs.length < 2);
  turn();
}

if (panels.length) {
  const name = strips.findIndex((strip) => strip.kind === remembered.kind);
  kind = Math.max(0, name);
  slider.addEventListener("input", turn);
  for (const button of all("button[data-kind]")) button.addEventListener("click", () => {
    kind = Number(button.dataset.kind);
    remember("kind", strips[kind].kind);
    pictured();
  });
  const size = field("size", () => one(".pictures").style.setProperty("--size", `${size.value}px`));
  one(".pictures").style.setProperty("--size", `${size.value}px`);
  watch(pictured);
}
