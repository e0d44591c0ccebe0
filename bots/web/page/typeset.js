// Formulas as in a book: KaTeX, fetched with the first one. What it does not know stays as it was written.

import { el } from "./dom.js";

const MACROS = Object.fromEntries(["argmax", "argmin", "diag", "lcm", "rank", "sgn", "sign", "softmax", "tr", "Var", "Cov"]
  .map((name) => [`\\${name}`, `\\operatorname{${name}}`]));
const LIMITS = { maxExpand: 500, maxSize: 20, strict: "ignore", trust: false, throwOnError: true };
const KEPT = 2000; // formulas
const MOST = 3000; // elements of one formula; each drawing copies them all

let katex = null;
let fetching = null;
const drawings = new Map(); // a growing paragraph is drawn many times, and its formulas are the same each time

/** Set the formula that this element holds as text, as soon as KaTeX is there; a later one tries again to fetch it. */
export function typeset(node) {
  if (katex) return draw(node);
  node.classList.add("waiting");
  fetching ??= fetched().catch((error) => { fetching = null; throw error; });
  fetching.then(() => draw(node), () => node.classList.add("raw")).finally(() => node.classList.remove("waiting"));
}

/** KaTeX with its style. Without chemistry, or without copying as LaTeX, it is still worth having. */
async function fetched() {
  await Promise.all([
    added("link", { rel: "stylesheet", href: "/page/vendor/katex.css" }),
    added("script", { src: "/page/vendor/katex.js" }),
  ]);
  await Promise.allSettled(["mhchem", "copy-tex"].map((name) => added("script", { src: `/page/vendor/${name}.js` })));
  katex = globalThis.katex;
}

function added(tag, attributes) {
  return new Promise((onload, onerror) => document.head.append(el(tag, { ...attributes, onload, onerror })));
}

function draw(node) {
  const source = node.textContent;
  const drawn = drawings.has(source) ? drawings.get(source) : drawing(source);
  drawings.delete(source);
  drawings.set(source, drawn);
  if (drawings.size > KEPT) drawings.delete(drawings.keys().next().value);
  if (!drawn) return node.classList.add("raw");
  node.replaceChildren(drawn.cloneNode(true));
  node.dir = "ltr";
}

function drawing(source) {
  const box = document.createDocumentFragment();
  const displayMode = /^(?:\$\$|\\\[|\\begin)/.test(source);
  try {
    katex.render(plainer(source), box, { ...LIMITS, displayMode, macros: { ...MACROS } });
  } catch {
    return null;
  }
  return box.querySelectorAll("*").length > MOST ? null : box;
}

/** As KaTeX knows it: without the delimiters and labels; "%" is meant as the sign, and "&" in an environment. */
function plainer(source) {
  const width = source.startsWith("\\begin") ? 0 : /^\$(?!\$)/.test(source) ? 1 : 2;
  const body = source.slice(width, source.length - width)
    .replace(/\\label\s*\{[^{}]*\}|\\hfill(?![A-Za-z])/g, "")
    .replace(/(\\[^])|%/g, (_, escaped) => escaped ?? "\\%")
    .replace(/(?<=\\(?:begin|end)\{)eqnarray(?=\*?\})/g, "align")
    .replace(/(?<=\\(?:begin|end)\{)multline(?=\*?\})/g, "gather");
  return body.includes("&") && !body.includes("\\begin") ? `\\begin{aligned}${body}\\end{aligned}` : body;
}
