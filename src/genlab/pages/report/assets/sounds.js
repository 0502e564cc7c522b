// The sounds of the shown runs; one plays at a time.
if (one(".sounds")) {
  const players = all(".sounds audio");
  for (const player of players) player.addEventListener("play", () => { for (const other of players) if (other !== player) other.pause(); });
  watch(() => {
    const some = visible();
    for (const figure of all(".sounds figure")) figure.hidden = !some.includes(Number(figure.dataset.run));
  });
}
