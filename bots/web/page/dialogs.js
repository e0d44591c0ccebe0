// Questions that must be answered before something happens. Each resolves with the answer, or null when it was closed.

import { copyButton, el } from "./dom.js";

/** yes: what the button that does it says. */
export function confirmed(title, text, yes) {
  return ask(title, text, null, el("button", { class: "danger", value: "yes" }, yes));
}

export function asked(title, text, value, { long = false, yes = "Save", limit = 200 } = {}) {
  const field = long ? el("textarea", { maxlength: limit }) : el("input", { type: "text", maxlength: limit });
  field.value = value;
  field.setAttribute("aria-label", title);
  return ask(title, text, field, el("button", { class: "main", value: "yes" }, yes));
}

export function shown(title, text, value) {
  const field = el("input", { type: "text", readonly: true, "aria-label": title });
  field.value = value;
  return ask(title, text, field, copyButton(() => value, "Copy the link", "Copy"), "Done");
}

function ask(title, text, field, yes, no = "Cancel") {
  const { promise, resolve } = promised();
  const cancel = el("button", { value: "", formnovalidate: true }, no);
  const form = el("form", { method: "dialog" },
    el("h2", {}, title), text ? el("p", {}, text) : null, field, el("div", { class: "buttons" }, cancel, yes));
  const dialog = el("dialog", { "aria-label": title }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close(event.submitter?.value ?? "yes");
  });
  field?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || field.tagName === "TEXTAREA") return;
    event.preventDefault();
    dialog.close("yes");
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes" ? (field ? field.value.trim() : true) : null);
  });
  document.body.append(dialog);
  dialog.showModal();
  (field ?? cancel).focus();
  field?.select();
  return promise;
}

function promised() {
  let resolve;
  const promise = new Promise((done) => { resolve = done; });
  return { promise, resolve };
}
