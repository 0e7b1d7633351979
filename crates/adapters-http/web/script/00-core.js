// What every part of the script uses. Pages work without it; it adds live updates, sending without reload, and keys.
//
// What it looks for in a page:
//   [data-events=URL]                 on <main>: the stream to open; [data-ticket] beside it names the ticket shown
//   #talk[data-messages=PATH]         a conversation; a message is `#m-ID.msg`, its fragment is at PATH/ID, and
//                                     [data-deliveries="ID ID"] names its mails
//   #ID[data-refresh="EVENT …"][data-href=URL]   a part that is fetched anew when one of the events comes
//   form[data-send]                   writes a message; its answer is the message's fragment; [data-error] shows faults
//   form[data-act]                    does one thing; its answer replaces the message or [data-part] it stands in, or,
//                                     being empty (204), removes the message
//   [data-seconds=N]                  counts down
//   [data-search], [data-item], [data-write], input[data-reply], input[data-note]   what keys go to

/** The words of the page's language, by their data attributes. */
const words = document.getElementById("words")?.dataset ?? {};

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Says something to those who listen to the page, and to nobody else. */
function announce(text) {
  const announcer = document.getElementById("announcer");
  if (!announcer || !text) return;
  announcer.textContent = "";
  // Two identical texts in a row would be said once.
  requestAnimationFrame(() => { announcer.textContent = text; });
}

/** Asks for a part of a page. Gives null when it is not there; throws when it cannot be had for now. */
async function fetchPart(url, options = {}) {
  const answer = await fetch(url, {
    credentials: "same-origin",
    redirect: "manual",
    ...options,
    headers: { "X-Recado-Fragment": "1", ...options.headers },
  });
  if (answer.status === 401) { location.reload(); throw new Error("signed out"); }
  if (answer.status === 404 || answer.status === 204) return null;
  const text = await answer.text();
  if (!answer.ok) throw Object.assign(new Error(text), { told: text, status: answer.status });
  return text;
}

/** The elements of a fragment. The server escapes every value; no script of it would run, by the page's policy too. */
function elements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

/** Puts elements in an element's place, and the focus and open details back where they were. */
function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.getAttribute("href")
    ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : focused.name ? `[name="${CSS.escape(focused.name)}"]` : null);
  const open = all("details", old).map((details) => details.open);
  const top = old.scrollTop;
  old.replaceWith(...fresh);
  const first = fresh[0];
  if (!first) return;
  first.scrollTop = top;
  all("details", first).forEach((details, index) => { if (open[index]) details.open = true; });
  if (key) one(key, first)?.focus({ preventScroll: true });
  countDown();
}

/** Runs a function at most once in an interval, the last call winning. */
function calmly(work, interval) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), interval); };
}
