// Draw at the screen's own pace: however fast text comes, each thing is drawn at most once per frame, and a drawing
// that takes long is made less often, so that typing and scrolling stay smooth beside it.

const waiting = new Map();
const notBefore = new WeakMap();
let asked = false;

/** Call draw() at the next frame; of several calls for the same key only the last one counts. */
export function atFrame(key, draw) {
  waiting.set(key, draw);
  if (asked) return;
  asked = true;
  requestAnimationFrame(run);
}

function run(now) {
  asked = false;
  for (const [key, draw] of [...waiting]) {
    if ((notBefore.get(key) ?? 0) > now) continue;
    waiting.delete(key);
    const began = performance.now();
    draw();
    notBefore.set(key, now + 4 * (performance.now() - began));
  }
  if (waiting.size && !asked) {
    asked = true;
    requestAnimationFrame(run);
  }
}
