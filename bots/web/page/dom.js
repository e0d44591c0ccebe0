// The few words in which this page builds its elements. Nothing here takes HTML as text.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** el("p", {class: "x", onclick: f}, "text", node): "on..." are listeners, true is an empty attribute, false is none. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** An icon of index.html's sheet. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button with an icon; without a label on screen, `title` names it for everybody. */
export function button(name, title, onclick, label = "") {
  return el("button", { type: "button", class: "quiet", title, "aria-label": title, onclick }, icon(name), label || null);
}

/** A button that copies what `text()` returns, and says that it did. */
export function copyButton(text, title, label = "") {
  const node = button("copy", title, async () => {
    await copy(text());
    node.replaceChildren(icon("check"), label ? "Copied" : "");
    setTimeout(() => node.replaceChildren(icon("copy"), label), 1500);
  }, label);
  return node;
}

/** navigator.clipboard exists on https and localhost only; a phone in the same network comes over plain http. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = el("textarea", { class: "hidden" });
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
