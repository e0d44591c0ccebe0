// The page, put together. What is open stands in the address after "#", so that back, reload and bookmarks work.

import { api, uuid } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { confirmed } from "./dialogs.js";
import { $, el } from "./dom.js";
import { showModel } from "./model.js";
import { beAdmin } from "./people.js";
import { Pin } from "./scroll.js";
import { Settings } from "./settings.js";
import { Sidebar, titleOf } from "./sidebar.js";
import { listen } from "./stream.js";
import { toast, tried } from "./toast.js";

const STARTERS = [
  "Explain recursion with an everyday example",
  "Write a friendly message to a neighbour about loud music",
  "Give me a Python function that finds duplicates in a list",
  "Plan a rainy Sunday afternoon for two",
];
const TRIES = [0, 1000, 3000]; // ms before each try at sending while Chinwag cannot be reached

let commands = [];
let known = false;

const pin = new Pin($("scroll"), $("messages"), $("latest"));
const composer = new Composer({ send, stop: () => (conversation.stop ? press(conversation.stop) : post("/stop")) });
const settings = new Settings(change);
const sidebar = new Sidebar({
  new: begin,
  deleted: (id) => id === conversation.session?.id && begin(),
});
const conversation = new Conversation({
  press,
  edit,
  follow: (id) => go(id),
  session: showSession,
  busy: (busy) => composer.setBusy(busy),
  lost: begin,
});

// Opening

/** The page with nothing said yet. A conversation is only made when something is said. */
function begin() {
  sidebar.drawer(false);
  if (location.hash) history.pushState(null, "", location.pathname);
  show();
}

function go(id) {
  if (location.hash === `#${id}`) return;
  history.pushState(null, "", `#${id}`);
  show();
}

async function show() {
  const id = location.hash.slice(1);
  if (id === conversation.session?.id) return;
  sidebar.show(id);
  showSession(null);
  composer.focus();
  if (!id) return conversation.clear();
  await conversation.open(id);
  pin.down();
}

function showSession(session) {
  settings.show(session);
  $("title").textContent = session ? titleOf(session) : "";
  const listed = sidebar.sessions.find((known) => known.id === session?.id);
  if (session?.title && listed?.title !== session.title) sidebar.load();
  document.title = session?.title ? `${session.title} – Chinwag` : "Chinwag";
}

/** The open session's id; makes one when there is none. */
async function openSession() {
  if (!conversation.session) {
    const view = await api.post("sessions");
    history.pushState(null, "", `#${view.session.id}`);
    conversation.session = view.session;
    sidebar.show(view.session.id);
  }
  return conversation.session.id;
}

// Doing

async function send(text) {
  if (!known) await load(); // what is a command and what a question
  const name = /^\/(\w+)$/.exec(text)?.[1];
  if (name === "new") return begin();
  if (name === "sessions") return void (sidebar.drawer(true), $("sessions").querySelector("a")?.focus());
  const command = commands.find((known) => known.name === /^\/(\w+)/.exec(text)?.[1]?.toLowerCase());
  if (command?.name === "retry") conversation.retrying();
  if (command) return void await post(text);
  pin.down();
  await ask(text);
}

async function ask(text) {
  const id = uuid();
  if (!await tried(openSession)) return void (composer.text = text);
  const question = conversation.sending(id, text);
  if (await post(text, id)) question.sent();
  else {
    question.failed();
    if (!composer.text) composer.text = text;
  }
}

/** Send a message, again with the same id while Chinwag cannot be reached: it is taken once. */
async function post(text, id = uuid()) {
  return tried(async () => {
    const session = await openSession();
    for (const [i, pause] of TRIES.entries()) {
      await new Promise((done) => { setTimeout(done, pause); });
      try {
        return await api.post(`sessions/${session}/messages`, { id, text });
      } catch (problem) {
        if (problem.status || i === TRIES.length - 1) throw problem;
      }
    }
    return null;
  });
}

/** Press a button under an answer. False when it did nothing; then it was said why. */
async function press(action) {
  const pressed = await tried(() => api.post("press", { data: action.data }));
  if (pressed && !pressed.done) toast(pressed.text);
  return Boolean(pressed?.done);
}

async function edit(of, text) {
  return tried(async () => api.post(`sessions/${await openSession()}/edits`, { id: uuid(), of, text }));
}

async function change(what) {
  const view = await tried(async () => api.patch(`sessions/${await openSession()}`, what));
  if (view) conversation.take(view);
  else settings.show(conversation.session);
}

// News

function news(event) {
  if (event.model) showModel(event.model);
  if (event.type === "hello") load();
  else if (event.type === "sessions") sidebar.load();
  else if (event.type === "toast") toast(event.text);
  else if (event.type !== "status") conversation.news(event);
  if (event.type === "reload" || event.final || event.message?.final) sidebar.load();
}

async function load() {
  const state = await tried(() => api.get("state"));
  if (!state) return;
  commands = state.commands;
  composer.know(commands, { roles: state.roles, models: state.models, languages: state.languages });
  composer.field.maxLength = state.limits.text;
  settings.know(state.roles, state.languages);
  showModel(state.model);
  if (state.admin && !known) beAdmin();
  known = true;
  sidebar.load();
  conversation.refresh();
}

async function signOut() {
  const text = "This browser forgets you. To come back, open a new link: Chinwag prints one when it starts, "
    + "and “Open on another device” makes one where you are signed in.";
  if (!await confirmed("Sign out here?", text, "Sign out")) return;
  await api.post("sign-out");
  location.reload();
}

function line(there) {
  const shown = $("connection");
  shown.hidden = there;
  shown.textContent = there ? "" : "Connecting again …";
}

$("sign-out").addEventListener("click", () => tried(signOut));
$("starters").append(...STARTERS.map((text) => el("li", {}, el("button", { type: "button", onclick: () => send(text) }, text))));
addEventListener("popstate", show);
addEventListener("hashchange", show);
show();
listen(news, line);
