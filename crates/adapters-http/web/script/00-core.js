// What every part of the script uses. Pages work without it; it adds live updates, sending without reload, and keys.

/** The words of the page's language, by their data attributes. */
const strings = document.getElementById("strings")?.dataset ?? {};

/**
 * Follows what happens, from where the page was made: nothing that came meanwhile is missed, whether the stream breaks
 * or rests while nobody looks at the page.
 *
 * `handlers` are functions by the events' names (`comment.created`, `delivery.changed`, `ticket.changed`); each gets
 * {ticket, comment, delivery}.
 */
function follow(path, handlers) {
  const HIDDEN_FOR = 60_000;
  const state = document.getElementById("stream-state");
  let cursor = document.body.dataset.cursor ?? "";
  let stream = null;
  let resting = 0;
  let doubting = 0;
  let pause = 5000;

  const show = (text) => {
    if (state && state.textContent !== text) state.textContent = text;
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  const open = () => {
    if (stream) return;
    const url = new URL(path, location.href);
    if (cursor) url.searchParams.set("after", cursor);
    stream = new EventSource(url);
    stream.onopen = () => {
      clearTimeout(doubting);
      pause = 5000;
      show("");
    };
    stream.onerror = () => {
      // A short break mends itself unseen.
      clearTimeout(doubting);
      doubting = setTimeout(() => show(strings.offline), 4000);
      if (stream?.readyState !== EventSource.CLOSED) return;
      close();
      setTimeout(() => document.hidden || open(), pause);
      pause = Math.min(pause * 2, 300_000);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      stream.addEventListener(name, (event) => {
        if (event.lastEventId) cursor = event.lastEventId;
        handle(JSON.parse(event.data));
      });
    }
    // Too much was missed. What is being written is worth more than what is new.
    stream.addEventListener("reload", () => {
      const again = setInterval(() => {
        if (isWriting()) return;
        clearInterval(again);
        location.reload();
      }, 1000);
    });
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(resting);
    if (document.hidden) resting = setTimeout(close, HIDDEN_FOR);
    else open();
  });
  // A page that the browser keeps aside must not keep a connection; when it comes back it may be old.
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (event.persisted && !isWriting()) location.reload();
  });
  open();
}

/** Whether something would be lost by reading the page anew. */
function isWriting() {
  return [...document.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
}
