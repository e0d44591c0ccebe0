// Stay at the end of the conversation while it grows, unless the reader has scrolled up.

const NEAR = 24;

export class Pin {
  constructor(scroller, content, button) {
    this.scroller = scroller;
    this.button = button;
    this.pinned = true;
    this.last = 0;
    scroller.addEventListener("scroll", () => this.look(), { passive: true });
    new ResizeObserver(() => this.keep()).observe(content);
    new ResizeObserver(() => this.keep()).observe(scroller);
    button.addEventListener("click", () => this.down());
  }

  look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const left = scrollHeight - clientHeight - scrollTop;
    if (left <= 2 || (left <= NEAR && scrollTop >= this.last)) this.pinned = true;
    else if (scrollTop < this.last) this.pinned = false;
    this.last = scrollTop;
    this.button.hidden = this.pinned || left <= NEAR;
  }

  keep() {
    if (this.pinned) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.look();
  }

  down() {
    this.pinned = true;
    this.keep();
  }
}
