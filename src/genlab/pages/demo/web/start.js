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
