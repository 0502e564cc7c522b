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
