// The conversation on screen: what Chinwag's state says, kept up to date by its news.

import { withoutThoughts } from "./code.js";
import { api } from "./api.js";
import { asked } from "./dialogs.js";
import { $ } from "./dom.js";
import { NoticeView, TurnView } from "./messages.js";
import { tried } from "./toast.js";

const SETTLE = [150, 400, 1000, 2500]; // ms after the last word until history is looked at for how the turn ended
const LONGEST = 100000; // characters of a message
const MOVES = /^\/(new|reset|sessions)\b/; // commands after which one is in another conversation

export class Conversation {
  /** on: {press(action), edit(asked, question), follow(id), session(session), busy(yes), lost()} */
  constructor(on) {
    this.on = on;
    this.container = $("messages");
    this.clear();
  }

  /** Nothing is open: the next message begins a conversation. */
  clear() {
    this.session = null;
    this.turns = new Map();
    this.waiting = new Map();
    this.notices = new Map();
    this.refreshing = null;
    this.container.replaceChildren();
    this.settle();
  }

  async open(id) {
    this.clear();
    this.session = { id };
    await this.refresh();
  }

  /** Load the state. News that comes meanwhile is kept and applied after it; several calls at once load once more. */
  async refresh() {
    if (!this.session) return;
    if (this.refreshing) {
      this.refreshing.again = true;
      return;
    }
    const loading = { id: this.session.id, held: [], again: false };
    this.refreshing = loading;
    const view = await this.load(loading.id);
    if (this.refreshing !== loading) return; // another conversation was opened meanwhile
    this.refreshing = null;
    if (view) this.take(view);
    loading.held.forEach((event) => this.news(event));
    if (loading.again) await this.refresh();
  }

  async load(id) {
    try {
      return await api.get(`sessions/${id}`);
    } catch (problem) {
      if (problem.status === 404 && this.session?.id === id) this.on.lost();
      return null; // a lost connection is said by the stream, and the state is loaded when it is back
    }
  }

  take(view) {
    this.session = view.session;
    const messages = new Map(view.messages.filter((m) => m.seq).map((m) => [m.seq, m]));
    const waiting = new Set(view.waiting.map((question) => question.id));
    const before = this.turns;
    this.turns = new Map();
    for (const turn of view.turns) {
      const turnView = before.get(turn.seq) ?? this.adopt(turn, waiting, before, view.turns) ?? this.turnView();
      this.turns.set(turn.seq, turnView);
      turnView.take(turn, messages.get(turn.seq));
      turnView.created = turn.created;
    }
    this.takeWaiting(view.waiting, waiting);
    this.takeNotices(view.messages.filter((message) => !message.seq));
    this.arrange();
    this.on.session(this.session);
  }

  /** The question that was just sent, or answered anew, is this turn now: the same elements go on. */
  adopt(turn, asked, before, turns) {
    for (const [id, view] of this.waiting) {
      if (asked.has(id) || view.question !== turn.question) continue;
      this.waiting.delete(id);
      return view;
    }
    const seqs = new Set(turns.map((other) => other.seq));
    for (const [seq, view] of before) {
      if (seqs.has(seq) || view.question !== turn.question) continue;
      before.delete(seq);
      view.live = null;
      view.text = "";
      return view;
    }
    return null;
  }

  takeWaiting(questions, asked) {
    for (const [id, view] of this.waiting) if (!asked.has(id) && !view.unsent) this.waiting.delete(id);
    for (const { id, text } of questions) {
      if (!this.waiting.has(id)) this.waiting.set(id, this.turnView());
      this.waiting.get(id).ask(text);
      this.waiting.get(id).asked = id;
    }
  }

  takeNotices(messages) {
    const before = this.notices;
    this.notices = new Map();
    for (const message of messages) {
      const view = before.get(message.id) ?? new NoticeView(message);
      if (view.live.rev < message.rev) view.hear(message);
      this.notices.set(message.id, view);
    }
  }

  turnView() {
    return new TurnView({ press: (action, view) => this.press(action, view), edit: (view) => this.edit(view) });
  }

  /** Bring the elements into order, touching only what is not in its place. */
  arrange() {
    const told = [...this.turns.values(), ...[...this.notices.values()].map((view) => ({ node: view.node, created: view.live.created }))];
    const nodes = told.sort((a, b) => a.created - b.created).map((view) => view.node);
    nodes.push(...[...this.waiting.values()].map((view) => view.node));
    let at = this.container.firstChild;
    for (const node of nodes) {
      if (at === node) at = at.nextSibling;
      else this.container.insertBefore(node, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
    this.settle();
  }

  /** What follows from what is there: who waits, which answer is the last, whether something can be stopped. */
  settle() {
    const turns = [...this.turns.values()];
    let busy = turns.some((view) => view.open && !view.live?.final);
    for (const view of this.waiting.values()) {
      view.wait(busy);
      view.setLast(false);
      busy = true;
    }
    turns.forEach((view, i) => view.setLast(i === turns.length - 1 && !this.waiting.size));
    $("empty").hidden = Boolean(this.session && (this.session.thread === undefined || this.container.firstChild));
    this.on.busy(busy);
  }

  // What the person does

  /** Show a question that is on its way. Returns how to take it back. */
  sending(id, text) {
    const view = this.turnView();
    view.ask(text);
    view.unsent = true;
    this.waiting.set(id, view);
    this.arrange();
    return {
      sent: () => {
        view.unsent = false;
        view.asked ||= id;
        this.settle(); // news of its answer may have come before
      },
      failed: () => {
        this.waiting.delete(id);
        this.arrange();
      },
    };
  }

  /** The button that stops what is being written, if it has begun. */
  get stop() {
    const writing = [...this.turns.values()].find((view) => view.open && !view.live?.final);
    return writing?.actions.find((action) => action.name === "stop");
  }

  async press(action, view) {
    if (action.name === "retry") this.anew(view);
    if (!await this.on.press(action)) await this.refresh();
  }

  async edit(view) {
    const question = await asked("Change your question", "It is answered anew.", view.question, { long: true, limit: LONGEST, yes: "Ask" });
    if (!question || question === view.question) return;
    const { asked: message } = view;
    view.ask(question);
    if (view.state !== "waiting") this.anew(view);
    if (!await this.on.edit(message, question)) await this.refresh();
  }

  /** Show that an answer is being written anew. */
  anew(view) {
    view.live = null;
    view.wait(false);
    this.settle();
  }

  /** Show that the last answer is being written anew. */
  retrying() {
    const last = [...this.turns.values()].at(-1);
    if (last) this.anew(last);
  }

  // News

  news(event) {
    if (event.type === "reload" || event.type === "hello") return void this.refresh();
    const thread = event.thread ?? event.message?.thread;
    if (!this.session || (this.session.thread && thread !== this.session.thread)) return;
    if (this.refreshing) return void this.refreshing.held.push(event);
    const heard = { message: () => this.heard(event.message), edit: () => this.edited(event) }[event.type];
    if (heard) heard();
    else if (event.type === "typing" && [...this.turns.values()].some((view) => view.open)) return;
    else if (event.type === "asked" && this.waiting.has(event.id)) return;
    else this.refresh();
  }

  heard(message) {
    if (message.session !== this.session.id) {
      if (!message.seq && MOVES.test(message.asked)) this.on.follow(message.session);
      return;
    }
    const view = message.seq ? this.turns.get(message.seq) : this.notices.get(message.id);
    if (!view) return void this.refresh();
    view.hear(message);
    if (message.final && message.seq) this.finished(view);
  }

  edited(edit) {
    const views = [...this.turns.values(), ...this.notices.values()];
    const view = views.find((known) => known.live?.id === edit.id);
    if (!view?.add(edit)) return void this.refresh();
    if (edit.final && view.state) this.finished(view);
  }

  /** The last word is on screen; how the turn ended is in history a moment later. */
  async finished(view) {
    this.settle();
    $("spoken").textContent = withoutThoughts(view.text).slice(0, 2000);
    const { id } = this.session;
    for (const pause of SETTLE) {
      await new Promise((done) => { setTimeout(done, pause); });
      if (this.session?.id !== id || !view.open) return;
      await tried(() => this.refresh());
    }
  }
}
