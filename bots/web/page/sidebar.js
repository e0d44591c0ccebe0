// The list of conversations: open, rename, delete. On a phone it is a drawer.

import { api } from "./api.js";
import { asked, confirmed } from "./dialogs.js";
import { $, button, el } from "./dom.js";
import { tried } from "./toast.js";

const DAY = 24 * 3600;

export class Sidebar {
  /** on: {new(), deleted(id)} */
  constructor(on) {
    this.on = on;
    this.sessions = [];
    this.open = null;
    $("open-side").addEventListener("click", () => this.drawer(true));
    $("close-side").addEventListener("click", () => this.drawer(false));
    $("veil").addEventListener("click", () => this.drawer(false));
    $("new").addEventListener("click", () => on.new());
    $("new-narrow").addEventListener("click", () => on.new());
    $("side").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !document.body.classList.contains("side-open")) return;
      event.stopPropagation(); // here it closes the drawer and does not stop an answer
      this.drawer(false);
    });
  }

  drawer(open) {
    const was = document.body.classList.contains("side-open");
    document.body.classList.toggle("side-open", open);
    if (open) $("close-side").focus();
    else if (was) $("open-side").focus();
  }

  async load() {
    const sessions = await tried(() => api.get("sessions"));
    if (!sessions) return;
    this.sessions = sessions;
    this.draw();
  }

  show(id) {
    this.open = id;
    this.draw();
  }

  draw() {
    const rows = [];
    let heading = null;
    for (const session of this.sessions) {
      const day = dayOf(session.updated);
      if (day !== heading) rows.push(el("li", { class: "day" }, day));
      heading = day;
      rows.push(this.row(session));
    }
    if (!rows.length) rows.push(el("li", { class: "none" }, "Your conversations will be here."));
    const focused = document.activeElement?.closest?.("#sessions a")?.getAttribute("href");
    $("sessions").replaceChildren(...rows);
    if (focused) $("sessions").querySelector(`a[href="${focused}"]`)?.focus();
  }

  row(session) {
    const title = titleOf(session);
    const open = session.id === this.open;
    return el("li", { class: `session${open ? " open" : ""}${session.busy ? " busy" : ""}` },
      el("a", { href: `#${session.id}`, title, "aria-current": open ? "page" : false, onclick: () => this.drawer(false) }, title),
      button("pen", `Rename “${title}”`, () => this.rename(session)),
      button("bin", `Delete “${title}”`, () => this.remove(session)));
  }

  async rename(session) {
    const title = await asked("Rename the conversation", "", session.title);
    if (title) await tried(() => api.patch(`sessions/${session.id}`, { title }));
  }

  async remove(session) {
    const text = `“${titleOf(session)}” and everything that was said in it will be gone for good.`;
    if (!await confirmed("Delete this conversation?", text, "Delete")) return;
    const done = await tried(async () => {
      await api.delete(`sessions/${session.id}`);
      return true;
    });
    if (done) this.on.deleted(session.id);
  }
}

export function titleOf(session) {
  return session?.title || "New conversation";
}

function dayOf(seconds) {
  const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
  if (seconds >= midnight) return "Today";
  if (seconds >= midnight - DAY) return "Yesterday";
  if (seconds >= midnight - 7 * DAY) return "This week";
  return new Date(seconds * 1000).toLocaleDateString(undefined, { month: "long", year: "numeric" });
}
