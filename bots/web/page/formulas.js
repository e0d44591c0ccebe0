// Where in an answer there is LaTeX: what core/live/formulas.py says, and the tests hold both against each other.

const part = String.raw;
const WORD = part`[\p{L}\p{Nl}\p{No}]`;
const LINE = part`\n(?![ \t>]*\n)`;
const ROUND = part`(?:[^\\\x60\n]|\\[^()\x60\n]|${LINE}){0,2000}`;
const SQUARE = part`(?:[^\\\x60\n]|\\[^\[\]\x60\n]|${LINE}){0,2000}`;
const DOUBLE = part`(?:[^\\\x60\n$]|\\[^\x60\n]|${LINE}){0,2000}`;
const SINGLE = part`(?:[^\\\x60\n$]|\\[^\(\)\[\]\x60\n]){0,500}`;
const NAME = part`(?:equation|align|alignat|gather|multline|eqnarray|[bBpvV]?matrix|cases)\*?`;
const INSIDE = part`(?:[^\\\x60\n]|\\(?!(?:begin|end)\{\k<name>\})[^\x60\n]|${LINE}){0,2000}`;
const ENVIRONMENT = part`\\begin\{(?<name>${NAME})\}${INSIDE}\\end\{\k<name>\}`;
const NO_PROSE = part`(?![^$\n\\]*(?<![\p{L}\p{N}_])${WORD}{2,} ${WORD}{2})(?![^$\n\\]*[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef])`;
const PRICE = part`[\p{Nd}.,]+[!?;:]? +(?:[*_]{1,3}|~~|\|\||!?\[)?${WORD}{2}`;
const SIGN = part`[\\^_\{\}=<>+*\/\|\u2190-\u22ff×÷±·−\-]`;
const LIKELY = part`(?=[^\s$]+\$|[^$\n]*?${SIGN}|[A-Za-z](?:,? (?:[A-Za-z]|\p{Nd}+))*\$)`;
const DOLLARS = part`(?<![\\$0-9A-Za-z])\$(?![\s$]|${PRICE})${NO_PROSE}${LIKELY}${SINGLE}(?<![\s+\/=,:;<>\(–\-])\$(?![\p{Nd}$])`;
const SOURCE = [
  part`\\\(${NO_PROSE}${ROUND}\\\)`,
  part`\\\[${NO_PROSE}${SQUARE}\\\]`,
  part`(?<![\\$])\$\$${NO_PROSE}${DOUBLE}\$\$`,
  DOLLARS,
  ENVIRONMENT,
].join("|");
const FORMULA = new RegExp(SOURCE, "uy");
const WHOLE = new RegExp(`^(?:${SOURCE})$`, "u");
const DISPLAY = /\$\$|\\\[|\\begin(\{\w+\*?\})/y;

const HIDDEN = "\ue07c"; // stands for a "|" in a formula while cells are parted

/** The formulas of a text, as they were written. */
export const formulas = (text) => [...text.matchAll(new RegExp(SOURCE, "gu"))].map(([found]) => found);

/** Teach a markdown-it what a formula is: within a line, and on lines of its own. */
export function addFormulas(md) {
  md.inline.ruler.before("escape", "formula", within);
  md.core.ruler.before("block", "hide_bars", hideBars);
  md.core.ruler.after("block", "show_bars", showBars);
  md.block.ruler.before("fence", "formula", alone, { alt: ["paragraph", "blockquote", "list"] });
  md.renderer.rules.formula = (tokens, i) => {
    const tag = tokens[i].block ? "p" : "span";
    return `<${tag} class="formula">${md.utils.escapeHtml(tokens[i].content)}</${tag}>`;
  };
}

/** A bar within a formula parts no cells of a table: as core/live/tables.py has it. */
function hideBars(state) {
  const source = state.src;
  if (source.includes(HIDDEN) || !source.includes("|")) return;
  state.src = source.replace(new RegExp(SOURCE, "gu"), hidden);
  state.env.bars = state.src !== source;
}

function hidden(formula) {
  const body = formula.replace(/^[$ ]+|[$ ]+$/g, "");
  const ends = body.startsWith("|") || body.endsWith("|");
  const crosses = formula.includes("\n") || (ends && body.split("|").length % 2 === 0);
  return crosses ? formula : formula.replace(/(?<!\\)\|/g, HIDDEN);
}

function showBars(state) {
  if (!state.env.bars) return;
  state.src = state.src.replaceAll(HIDDEN, "|");
  for (const token of state.tokens) {
    token.content = token.content.replaceAll(HIDDEN, "|");
    token.info = token.info.replaceAll(HIDDEN, "|");
  }
}

function within(state, silent) {
  if (!"\\$".includes(state.src[state.pos])) return false;
  FORMULA.lastIndex = state.pos;
  const found = FORMULA.exec(state.src)?.[0];
  if (!found || state.pos + found.length > state.posMax) return false;
  if (!silent) state.push("formula", "", 0).content = found;
  state.pos += found.length;
  return true;
}

function alone(state, first, last, silent) {
  DISPLAY.lastIndex = state.bMarks[first] + state.tShift[first];
  const mark = DISPLAY.exec(state.src);
  const end = mark ? endOf(state, first, last, mark) : 0;
  const formula = end ? stripped(state, first, end) : "";
  if (!WHOLE.test(formula)) return false;
  if (silent) return true;
  const token = state.push("formula", "", 0);
  [token.content, token.map, token.markup, token.block] = [formula, [first, end], mark[0], true];
  state.line = end;
  return true;
}

/** The line behind the formula that begins on the line `first`; 0 when it has no end. */
function endOf(state, first, last, mark) {
  const ends = mark[1] ? `\\end${mark[1]}` : mark[0].replace("[", "]");
  let size = 0;
  for (let line = first; line < last; line++) {
    const whole = stripped(state, line, line + 1);
    const text = line > first ? whole : whole.slice(mark[0].length);
    size += text.length;
    if (text.endsWith(ends)) return line + 1;
    if (size > 2000 || text.includes(mark[0]) || (line > first && !text) || state.sCount[line] < state.blkIndent) return 0;
  }
  return 0;
}

const stripped = (state, first, end) => state.getLines(first, end, state.blkIndent, false).trim();
