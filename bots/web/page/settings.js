// The role, the language and the streaming of the open conversation.

import { asked } from "./dialogs.js";
import { $, el } from "./dom.js";

export class Settings {
  /** change(what): apply this to the conversation, and begin one if there is none yet. */
  constructor(change) {
    this.change = change;
    this.session = null;
    $("role").addEventListener("change", (event) => this.pickRole(event.target.value));
    $("language").addEventListener("change", (event) => change({ language: event.target.value }));
    $("streaming").addEventListener("change", (event) => change({ streaming: event.target.checked }));
  }

  know(roles, languages) {
    $("role").replaceChildren(...roles.map(optionOf), el("option", { value: "custom" }, "Your own role …"));
    $("language").replaceChildren(...languages.map((choice) => optionOf(choice.value === "auto" ? { ...choice, label: "Language: auto" } : choice)));
    this.show(this.session);
  }

  show(session) {
    this.session = session;
    choose($("role"), session?.role || "assistant");
    choose($("language"), session?.language || "auto");
    $("streaming").checked = session?.streaming ?? true;
    $("role").title = session?.role === "custom" ? session.role_prompt : $("role").selectedOptions[0]?.title ?? "";
  }

  async pickRole(role) {
    if (role !== "custom") return void this.change({ role });
    const text = "In your own words, for example: You are a patient piano teacher who answers in short steps.";
    const prompt = await asked("Your own role", text, this.session?.role_prompt ?? "", { long: true, limit: 4000, yes: "Use it" });
    if (prompt) this.change({ role, role_prompt: prompt });
    else this.show(this.session);
  }
}

/** "Teacher – explains step by step" is shown by its name; the rest comes up when it is pointed at. */
function optionOf({ value, label }) {
  return el("option", { value, title: label }, label.split(" – ")[0]);
}

function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(el("option", { value }, value));
  select.value = value;
}
