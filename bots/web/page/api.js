// Requests to Chinwag. Every failure is a Problem with a sentence that can be shown as it is.

export class Problem extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export const api = {
  get: (path) => call("GET", path),
  post: (path, body) => call("POST", path, body ?? {}),
  patch: (path, body) => call("PATCH", path, body),
  delete: (path) => call("DELETE", path),
};

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(`/api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem("Chinwag cannot be reached. Is it still running?", 0);
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  if (answer.status === 401) location.reload();
  throw new Problem(await sentence(answer), answer.status);
}

async function sentence(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `Chinwag answered with an error (${answer.status}).`;
  }
}

/** 128 random bits in the usual form. crypto.randomUUID exists on https and localhost only. */
export function uuid() {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
