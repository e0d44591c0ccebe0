// A block of code: its language, a copy button, and colours.

import { copyButton, el } from "./dom.js";
import highlighter from "./vendor/highlight.js";
import purify from "./vendor/purify.js";

const QUICK = 5000; // characters that are coloured anew at every change; longer code gets its colours when complete
const LONGEST = 100000; // characters that are coloured at all
const CLEAN = { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true };

/** What a model thought before it answered: the server sends it as a code block with this language. */
const THINKING = "thinking";
export const withoutThoughts = (text) => text.replace(/^~{8}thinking\n[^]*?\n~{8}\n\n/, "");

export function codeBlock(info, content, writing) {
  if (info.trim() === THINKING) return thoughts(content);
  const language = info.split(/\s+/)[0];
  const code = el("code", { "data-language": language });
  const block = el("div", { class: "code" },
    el("header", {}, el("span", {}, language || "text"), copyButton(() => code.textContent, "Copy the code", "Copy")),
    el("pre", { tabindex: "0" }, code));
  fill(block, content, writing);
  return block;
}

function thoughts(content) {
  const text = el("code", { "data-language": "", dir: "auto" });
  const block = el("details", { class: "thoughts" }, el("summary", {}, "💭 Thoughts"), text);
  fill(block, content, true);
  return block;
}

/** Put this code into a block. writing: more will come. */
export function fill(block, content, writing) {
  const code = block.querySelector("code");
  const text = content.replace(/\n$/, "");
  const language = highlighter.getLanguage(code.dataset.language) ? code.dataset.language : "";
  if (!language || text.length > (writing ? QUICK : LONGEST)) {
    code.textContent = text;
    return;
  }
  const coloured = highlighter.highlight(text, { language, ignoreIllegals: true }).value;
  code.replaceChildren(purify.sanitize(coloured, CLEAN));
}
