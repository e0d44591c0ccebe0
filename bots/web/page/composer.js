// The field one writes in: Enter sends, Shift+Enter is a new line, Escape stops; its button sends or stops.

import { $ } from "./dom.js";
import { Picker } from "./picker.js";

const phone = matchMedia("(hover: none) and (pointer: coarse)"); // there, Enter is a new line as on every phone

export class Composer {
  /** on: {send(text), stop()} */
  constructor(on) {
    this.on = on;
    this.field = $("text");
    this.button = $("send");
    this.busy = false;
    this.picker = new Picker((text, complete) => this.chosen(text, complete));
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => this.picker.close());
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.busy && !document.querySelector("dialog[open]")) this.on.stop();
    });
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.changed();
  }

  focus() {
    if (!phone.matches) this.field.focus();
  }

  setBusy(busy) {
    this.busy = busy;
    this.drawButton();
  }

  /** The list is offered for what was typed before they were known, too. */
  know(commands, values) {
    const first = !this.picker.commands.length;
    this.picker.know(commands, values);
    if (first && document.activeElement === this.field) this.picker.look(this.text);
  }

  changed() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    this.picker.look(this.text);
    this.drawButton();
  }

  get stops() {
    return this.busy && !this.text.trim();
  }

  drawButton() {
    this.button.disabled = !this.text.trim() && !this.busy;
    this.button.classList.toggle("stop", this.stops);
    this.button.setAttribute("aria-label", this.stops ? "Stop the answer" : "Send");
    this.button.title = this.stops ? "Stop the answer (Esc)" : "Send (Enter)";
    this.button.querySelector("use").setAttribute("href", this.stops ? "#i-stop" : "#i-send");
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return; // Enter ends the composing of a Chinese or Japanese word
    if (this.picker.key(event)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey && !phone.matches) {
      event.preventDefault();
      if (!this.stops) this.submit();
    }
  }

  submit() {
    if (this.stops) return void this.on.stop();
    const text = this.text.trim();
    if (!text) return;
    this.text = "";
    this.picker.close();
    this.on.send(text);
  }

  chosen(text, complete) {
    this.text = text;
    if (complete) this.submit();
    this.field.focus();
  }
}
