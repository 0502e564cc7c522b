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
