// Which model answers, and how its download goes on. A message can be sent meanwhile: it waits.

import { $, el } from "./dom.js";

const MB = 1e6;

export function showModel(model) {
  $("model").textContent = model.name;
  $("model-side").textContent = model.name ? `Model: ${model.name}` : "";
  $("model").title = model.ready ? `Answers come from: ${model.name}. ${model.note}` : model.note;
  $("model").classList.toggle("waiting", !model.ready);
  $("who").textContent = model.name ? `You are talking to ${article(model.name)}. ${model.ready ? model.note : ""}` : "";
  showNews(model);
}

function showNews(model) {
  const news = $("model-news");
  news.hidden = model.ready;
  if (model.ready) return;
  const bar = news.querySelector("progress") ?? el("progress", { "aria-label": "Download of the model" });
  const parts = [el("span", {}, model.note || "The model is getting ready.")];
  if (model.total) {
    parts[0].append(" You can write already; the answer comes when it is ready.");
    bar.max = model.total;
    bar.value = model.done;
    parts.unshift(el("span", { class: "amount" }, `${Math.floor(model.done / MB)} of ${Math.ceil(model.total / MB)} MB`));
    parts.push(bar);
  }
  news.replaceChildren(...parts);
}

function article(name) {
  return /^(small|large|local|offline)\b/.test(name) ? `a ${name}` : name;
}
