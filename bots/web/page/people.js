// What an admin does here: let people in who ask, and open the page on another device.

import { api } from "./api.js";
import { shown } from "./dialogs.js";
import { $, el } from "./dom.js";
import { toast, tried } from "./toast.js";

const LOOK = 10000;
const NAMES = { telegram: "Telegram", discord: "Discord", web: "the web page" };
const NEAR = "Open this link there, once and within the hour:";
const LOCAL = "This Chinwag can be reached from this computer only: the link works in another browser here. "
  + "For your phone, start it with WEB_HOST=0.0.0.0 and make a new link.";

export function beAdmin() {
  $("another").hidden = false;
  $("another").addEventListener("click", () => tried(openElsewhere));
  look();
  setInterval(() => document.hidden || look(), LOOK);
}

async function openElsewhere() {
  const { url, local } = await api.post("links");
  await shown("Open on another device", local ? LOCAL : NEAR, url);
}

async function look() {
  let pairings;
  try {
    pairings = await api.get("pairings");
  } catch {
    return; // asked again in a moment; a lost connection is said elsewhere
  }
  document.body.classList.toggle("has-requests", pairings.length > 0);
  const shownNow = [...$("pairings").children].map((row) => row.dataset.code).join();
  if (shownNow !== pairings.map((pairing) => pairing.code).join()) $("pairings").replaceChildren(...pairings.map(row));
}

function row({ code, subject, name }) {
  const where = NAMES[subject.split(":")[0]] ?? subject;
  return el("li", { "data-code": code },
    el("strong", {}, name || subject), ` asks on ${where} to talk to Chinwag. Code `, el("code", {}, code), el("br"),
    el("button", { type: "button", class: "main", onclick: () => tried(() => approve(code)) }, "Approve"));
}

async function approve(code) {
  const { name } = await api.post(`pairings/${encodeURIComponent(code)}/approve`);
  toast(`${name} can talk to Chinwag now.`);
  await look();
}
