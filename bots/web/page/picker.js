// The small list over the message field while a command is typed.

import { $, el } from "./dom.js";

export class Picker {
  /** choose(text, complete): put this into the field; complete: nothing is missing, so it can be sent. */
  constructor(choose) {
    this.list = $("picker");
    this.field = $("text");
    this.choose = choose;
    this.commands = [];
    this.values = {};
    this.options = [];
    this.at = 0;
  }

  /** values: what can be chosen for an argument, by what it is called in `suggest`. */
  know(commands, values) {
    this.commands = commands;
    this.values = values;
  }

  get open() {
    return !this.list.hidden;
  }

  look(text) {
    this.options = this.optionsFor(text);
    this.at = 0;
    this.draw();
  }

  optionsFor(text) {
    const name = /^\/(\w*)$/.exec(text);
    if (name) {
      const fits = this.commands.filter((command) => command.name.startsWith(name[1].toLowerCase()));
      return fits.map((c) => ({ text: `/${c.name}${c.arguments.length ? " " : ""}`, shown: `/${c.name}`, about: c.summary, complete: !c.arguments.length }));
    }
    const value = /^\/(\w+) ([^\n]{0,40})$/.exec(text);
    const command = value && this.commands.find((c) => c.name === value[1].toLowerCase());
    return command ? this.valuesFor(command, value[2].toLowerCase()) : [];
  }

  valuesFor(command, typed) {
    return command.arguments.flatMap((argument) => {
      const choices = this.values[argument.suggest] ?? argument.choices.map((value) => ({ value, label: value }));
      const fits = choices.filter((c) => c.value.toLowerCase() !== typed && c.label.toLowerCase().includes(typed));
      return fits.map((c) => ({ text: `/${command.name} ${c.value}`, shown: c.value, about: c.label === c.value ? "" : c.label, complete: true }));
    });
  }

  draw() {
    this.list.hidden = !this.options.length;
    this.list.replaceChildren(...this.options.map((option, i) => el("li", {
      role: "option",
      id: `option-${i}`,
      "aria-selected": String(i === this.at),
      onmousedown: (event) => event.preventDefault(),
      onclick: () => this.take(i),
    }, el("b", {}, option.shown), el("span", {}, option.about))));
    if (this.open) this.field.setAttribute("aria-activedescendant", `option-${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  take(i) {
    const option = this.options[i];
    this.close();
    this.choose(option.text, option.complete);
  }

  close() {
    this.options = [];
    this.draw();
  }

  /** Whether the list used this key. */
  key(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.options.length) % this.options.length;
      this.draw();
    } else if (event.key === "Tab" || event.key === "Enter") this.take(this.at);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }
}
