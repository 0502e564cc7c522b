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
