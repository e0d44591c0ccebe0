// Markdown to elements, hostile input assumed: markdown-it without HTML, then DOMPurify, then our own finishing.
// A growing text is drawn block by block, and only the blocks that changed are drawn again: no flicker, and what
// the reader has selected or scrolled stays.

import { codeBlock, fill } from "./code.js";
import { el } from "./dom.js";
import { addFormulas } from "./formulas.js";
import { typeset } from "./typeset.js";
import MarkdownIt from "./vendor/markdown-it.js";
import purify from "./vendor/purify.js";

const md = new MarkdownIt({ html: false, linkify: true, breaks: true });
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false }); // main.py is a file, not a site in Paraguay
md.validateLink = (url) => /^(https?:|mailto:)/i.test(url.trim());
md.renderer.rules.image = imageAsLink;
addFormulas(md);

const CLEAN = {
  ALLOWED_TAGS: ["a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ALLOWED_ATTR: ["href", "title", "start", "class"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ADD_URI_SAFE_ATTR: ["start"], // else it must look like an address, which "2" does not
  RETURN_DOM_FRAGMENT: true,
};

/** A picture would be fetched from a stranger's server the moment the model names it; a link is fetched when clicked. */
function imageAsLink(tokens, index) {
  const token = tokens[index];
  const source = md.utils.escapeHtml(token.attrGet("src") || "");
  return `<a href="${source}">${md.utils.escapeHtml(token.content || "picture")}</a>`;
}

/** The drawing of one text, in one element. */
export class Prose {
  constructor(element) {
    this.element = element;
    this.blocks = [];
    element.classList.add("prose");
  }

  /** Draw the text as it is now. writing: more will come. */
  draw(text, writing) {
    const blocks = split(text);
    let same = 0;
    while (same < blocks.length && same < this.blocks.length && blocks[same].source === this.blocks[same].source) same++;
    const [changed, old] = [blocks.slice(same), this.blocks.slice(same)];
    changed.forEach((block, i) => this.place(block, old[i], writing && i === changed.length - 1));
    for (const block of old.slice(changed.length)) block.node.remove();
    this.blocks = [...this.blocks.slice(0, same), ...changed];
    if (!writing) this.blocks.filter((block) => block.unfinished).forEach((block) => this.finish(block));
    this.element.classList.toggle("writing", writing);
  }

  place(block, old, writing) {
    if (old && block.fence && old.fence && block.fence.info === old.fence.info) {
      block.node = old.node;
      fill(block.node, block.fence.content, writing);
    } else {
      block.node = nodeOf(block, writing);
      if (old) old.node.replaceWith(block.node);
      else this.element.append(block.node);
    }
    block.unfinished = writing && Boolean(block.fence);
  }

  finish(block) {
    fill(block.node, block.fence.content, false);
    block.unfinished = false;
  }
}

/** The top-level blocks of a text: their tokens, and the source by which a block is known again. */
function split(raw) {
  const text = raw.replace(/\r\n?/g, "\n");
  const env = {};
  const tokens = md.parse(text, env);
  const lines = text.split("\n");
  const references = JSON.stringify(env.references ?? {});
  const blocks = [];
  let start = 0;
  tokens.forEach((token, i) => {
    if (token.level > 0 || token.nesting === 1) return;
    const part = tokens.slice(start, i + 1);
    const [from, to] = part[0].map ?? [0, 0];
    const source = `${part[0].type}\n${lines.slice(from, to).join("\n")}\n${references}`;
    const fence = /^(fence|code_block)$/.test(token.type) ? { info: token.info.trim(), content: token.content } : null;
    blocks.push({ source, fence, tokens: part, env, node: null, unfinished: false });
    start = i + 1;
  });
  return blocks;
}

function nodeOf(block, writing) {
  if (block.fence) return codeBlock(block.fence.info, block.fence.content, writing);
  block.tokens.filter((token) => token.attrGet("style")).forEach(alignByClass);
  const fragment = purify.sanitize(md.renderer.render(block.tokens, md.options, block.env), CLEAN);
  fragment.querySelectorAll("a").forEach(outward);
  fragment.querySelectorAll("pre").forEach(dressed);
  fragment.querySelectorAll(".formula").forEach(typeset);
  const node = fragment.firstElementChild ?? el("p");
  node.setAttribute("dir", "auto");
  return node.tagName === "TABLE" ? el("div", { class: "table", tabindex: "0" }, node) : node;
}

/** Inline styles are forbidden here, and markdown-it aligns cells with one. */
function alignByClass(token) {
  const align = /text-align:(right|center)/.exec(token.attrGet("style"));
  token.attrs = token.attrs.filter(([name]) => name !== "style");
  if (align) token.attrJoin("class", align[1]);
}

function outward(link) {
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
}

/** Code within a list or a quote. */
function dressed(pre) {
  const code = pre.querySelector("code");
  const language = /language-(\S+)/.exec(code?.className ?? "")?.[1] ?? "";
  pre.replaceWith(codeBlock(language, pre.textContent, false));
}
