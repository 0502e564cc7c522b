"use strict";
const told = JSON.parse(document.getElementById("told").textContent), able = told.able;
const find = (selector, within = document) => within.querySelector(selector);
const FIRST = 12, STEPS = 9, GALLERY = 20, THUMBS = 20; // sliders at first, pictures of a path, samples, classes with a picture
const IDLE = 0.01; // nats of a latent below which it says nothing of the picture
const SMALL = 48; // pixels of a side below which they are shown as squares
const PATIENCE = 20_000; // milliseconds for which a message stays

// ---- small parts -----------------------------------------------------------------------------------------------------

function make(tag, set = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(set)) key in made ? made[key] = value : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const image = (src, alt) => make("img", { src, alt });
const figure = (src, words) => make("figure", {}, image(src, words), make("figcaption", {}, words));
const button = (words, click) => make("button", { type: "button", onclick: click }, words);
const reveal = (...elements) => elements.forEach((element) => { element.hidden = false; });
const mix = (a, b, t) => a.map((x, i) => (1 - t) * x + t * b[i]);
const name = (what, ending = "png") => `${told.title.replace(/[^\p{L}\p{N}]+/gu, "-")}-${what}.${ending}`;

function thumb(src, words, click, role = {}) {
  return make("button", { type: "button", className: "thumb", onclick: click, title: words, ...role },
    image(src, ""), make("span", {}, words));
}

let silence = 0;
function say(text) {
  const message = find("#message");
  message.textContent = text;
  message.hidden = !text;
  clearTimeout(silence);
  if (text) silence = setTimeout(() => say(""), PATIENCE);
}

async function tried(work) {
  try { await work(); } catch (error) { say(error.message); }
}

// of calls that come while one is under way only the newest is made afterwards: a slider never runs ahead of the picture
function newest(work) {
  let busy = false, next = null;
  return async (...given) => {
    next = given;
    if (busy) return;
    busy = true;
    while (next) {
      const now = next;
      next = null;
      await tried(() => work(...now));
    }
    busy = false;
  };
}
