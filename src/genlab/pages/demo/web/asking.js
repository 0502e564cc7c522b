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
