// A sentence that comes up quietly and goes by itself.

import { $, el } from "./dom.js";

const SHOWN = 5000;

export function toast(sentence) {
  const node = el("p", {}, sentence);
  $("toasts").append(node);
  setTimeout(() => node.remove(), SHOWN);
}

/** Run this; when it fails, say why and return undefined. */
export async function tried(run) {
  try {
    return await run();
  } catch (problem) {
    toast(problem.message);
    return undefined;
  }
}
