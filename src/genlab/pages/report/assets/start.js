// Everything begins; and a page that is served looks for news.
document.documentElement.classList.add("js");
paint();
firstTicks();
mark();
sieve();

one("#theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  set(now === "dark" ? "light" : "dark");
});
function set(scheme) { document.documentElement.dataset.theme = scheme; remember("theme", scheme); }
if (remembered.theme) set(remembered.theme);

// Paper cannot be unfolded: what is short is, while it is printed.
const unfolded = [];
addEventListener("beforeprint", () => {
  for (const fold of all(".trouble details, .best details, .differing details")) if (!fold.open) { fold.open = true; unfolded.push(fold); }
});
addEventListener("afterprint", () => { for (const fold of unfolded.splice(0)) fold.open = false; });

if (facts.live) {
  if (remembered.scroll) scrollTo(0, remembered.scroll);
  addEventListener("pagehide", () => remember("scroll", scrollY));
  const own = document.documentElement.dataset.digest;
  setInterval(async () => {
    try {
      const answer = await fetch("digest");
      if (answer.ok && (await answer.text()) !== own) location.reload();
      one("footer").classList.remove("lost");
    } catch { one("footer").classList.add("lost"); }
  }, 3000);
}
