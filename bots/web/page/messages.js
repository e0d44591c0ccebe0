// What a conversation is drawn of: turns (a question and its answer) and notices (what a command said).

import { withoutThoughts } from "./code.js";
import { button, copyButton, el } from "./dom.js";
import { atFrame } from "./frames.js";
import { Prose } from "./markdown.js";

const BUTTONS = {
  continue: ["Go on where this answer ends", "Continue"],
  retry: ["Answer this anew", "Retry"],
};
const ENDED = { stopped: "Stopped", failed: "Not answered" };
const FAILED = "This could not be answered. Try again, or put it differently.";

/**
 * One turn. live is the message that is being written for it, if there is one. actions are the answer's buttons as
 * Chinwag sends them; asked is the id of the question's message, with which it can be changed.
 */
export class TurnView {
  /** on: {press(action, view), edit(view)} */
  constructor(on) {
    this.on = on;
    this.text = "";
    this.actions = [];
    this.asked = "";
    this.live = null;
    this.state = "waiting";
    this.dots = el("div", { class: "dots", role: "img", "aria-label": "An answer is being written" }, el("i"), el("i"), el("i"));
    this.body = el("div");
    this.under = el("div", { class: "under" });
    this.said = el("p", { dir: "auto" });
    this.note = el("small", { hidden: true });
    this.pen = button("pen", "Change the question", () => this.on.edit(this));
    this.pen.hidden = true;
    this.answer = el("div", { class: "answer", "aria-busy": "true" }, this.body, this.dots, this.under);
    this.node = el("article", { class: "turn" }, el("div", { class: "question" }, this.said, el("div", { class: "beside" }, this.note, this.pen)), this.answer);
    this.prose = new Prose(this.body);
  }

  get open() {
    return this.state === "open" || this.state === "waiting";
  }

  ask(question) {
    this.question = question;
    if (this.said.textContent !== question) this.said.textContent = question;
  }

  /** Waiting to be taken up: behind another answer, `queued`, or just sent. */
  wait(queued) {
    this.state = "waiting";
    this.note.hidden = !queued;
    this.note.textContent = "Waits for its turn";
    this.answer.hidden = queued;
    this.show("");
  }

  /** The turn as history has it. A live message says more than history: why an answer failed. */
  take(turn, message) {
    this.state = turn.state;
    this.model = turn.model;
    this.actions = turn.actions;
    this.asked = turn.asked;
    this.note.hidden = true;
    this.answer.hidden = false;
    this.ask(turn.question);
    if (message) this.hear(message);
    else if (turn.state === "open") this.show(this.live ? this.text : "");
    else if (turn.answer || !this.text) this.show(turn.answer);
    else this.show(this.text);
  }

  /** The message as it is now. */
  hear(message) {
    if (this.live?.id === message.id && this.live.rev > message.rev) return;
    this.live = { id: message.id, rev: message.rev, final: message.final };
    this.actions = message.actions;
    this.show(message.text);
  }

  /** Add to the message. False when something is missing in between. */
  add(edit) {
    if (edit.rev <= this.live.rev) return true;
    if (edit.at > this.text.length) return false;
    this.live = { id: edit.id, rev: edit.rev, final: edit.final };
    this.actions = edit.actions;
    this.show(this.text.slice(0, edit.at) + edit.add);
    return true;
  }

  show(text) {
    this.text = text;
    atFrame(this, () => this.draw());
  }

  draw() {
    const writing = this.open && !this.live?.final;
    const text = this.text || (this.state === "failed" ? FAILED : "");
    this.prose.draw(text, writing && Boolean(text));
    this.body.classList.toggle("failed", this.state === "failed" && !this.text);
    this.dots.hidden = !writing || Boolean(text);
    this.answer.setAttribute("aria-busy", String(writing));
    this.drawUnder(writing);
  }

  drawUnder(writing) {
    const offered = this.actions.filter((action) => BUTTONS[action.name] && this.last && !this.open);
    const key = `${writing} ${this.state} ${offered.map((action) => action.data)} ${this.model} ${Boolean(this.text)}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const ended = ENDED[this.state];
    this.under.replaceChildren(...(writing ? [] : [
      this.text ? copyButton(() => withoutThoughts(this.text), "Copy the answer", "Copy") : "",
      ...offered.map((action) => this.button(action)),
      ended ? el("small", { class: "state" }, ended) : "",
      this.model ? el("small", {}, this.model) : "",
    ]));
    this.under.classList.toggle("empty", writing);
  }

  button(action) {
    const [title, label] = BUTTONS[action.name];
    return button(action.name, title, () => this.on.press(action, this), label);
  }

  /** Only the last question can be changed, and only its answer be had anew; what waits can be changed, too. */
  setLast(last) {
    this.pen.hidden = !this.asked || !(last || this.state === "waiting");
    if (this.last === last) return;
    this.last = last;
    atFrame(this, () => this.draw());
  }
}

/** What a command said. It looks different from an answer, and is not part of the conversation. */
export class NoticeView {
  constructor(message) {
    const body = el("div");
    const asked = message.asked ? el("span", { class: "asked" }, message.asked) : null;
    this.node = el("aside", { class: "notice" }, asked, body);
    this.prose = new Prose(body);
    this.hear(message);
  }

  hear(message) {
    this.live = message;
    atFrame(this, () => this.prose.draw(this.live.text, false));
  }

  add(edit) {
    this.hear({ ...this.live, ...edit, text: this.live.text.slice(0, edit.at) + edit.add });
    return true;
  }
}
