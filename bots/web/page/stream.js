// The one stream of news from Chinwag. It keeps no past: after every (re)connection the page loads its state anew.

import { api } from "./api.js";

const FIRST = 500;
const LONGEST = 15000;
const HIDDEN = 60000; // a browser has six connections to one place, and every hidden tab would keep one for good

/** Calls onNews(event) for every event, and onLine(true | false) when the connection comes or goes. */
export function listen(onNews, onLine) {
  let wait = FIRST;
  let timer = 0;
  let source = null;

  function connect() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/events");
    source.onopen = () => {
      wait = FIRST;
      onLine(true);
    };
    source.onmessage = (message) => onNews(JSON.parse(message.data));
    source.onerror = lost;
  }

  function lost() {
    source.close();
    onLine(false);
    clearTimeout(timer);
    timer = setTimeout(again, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST);
  }

  /** A stream does not say why it failed: asking for the state first finds out whether one is still signed in. */
  async function again() {
    try {
      await api.get("state");
      connect();
    } catch {
      lost();
    }
  }

  addEventListener("online", connect);
  let leave = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leave);
    if (document.hidden) leave = setTimeout(() => source.close(), HIDDEN);
    else if (source.readyState === EventSource.CLOSED) connect();
  });
  connect();
}
