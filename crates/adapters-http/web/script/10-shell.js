// Live updates, forms without reload, the countdown, presence, keys.

// --- parts and messages -------------------------------------------------------------------------------------------

const talk = () => document.getElementById("talk");
const atEnd = (scroll) => !scroll || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
const scrollOf = (element) => element?.closest(".scroll");

/** Puts a message where it belongs: over its older self, or at the end. */
function place(html) {
  const [fresh] = elements(html).filter((element) => element.id);
  const list = talk();
  if (!fresh || !list) return;
  const old = document.getElementById(fresh.id);
  if (old) { replace(old, [fresh]); return; }
  const scroll = scrollOf(list);
  const follows = atEnd(scroll);
  one("[data-empty]", list)?.remove();
  // Ids are in the order of time; what was held comes out later than its neighbours.
  const later = all(".msg", list).find((message) => message.id > fresh.id);
  if (later) later.before(fresh); else (all(".msg", list).at(-1) ?? list.lastElementChild)?.after(fresh) ?? list.append(fresh);
  if (!fresh.isConnected) list.append(fresh);
  if (follows && scroll) scroll.scrollTop = scroll.scrollHeight;
  if (!fresh.classList.contains("mine")) announce(`${words.new}: ${one(".text", fresh)?.textContent?.slice(0, 200) ?? ""}`);
  countDown();
}

/** Reads one message anew. */
async function refreshMessage(id) {
  const list = talk();
  if (!list || !id) return;
  const html = await fetchPart(`${list.dataset.messages}/${encodeURIComponent(id)}`);
  if (html) place(html); else document.getElementById(`m-${id}`)?.remove();
}

/** Looks whether the messages shown are still there: the last ones, which alone can be taken back in time. */
const refreshAll = calmly(async () => {
  for (const message of all(".msg", talk() ?? undefined).slice(-20)) {
    if (message.dataset.id) await refreshMessage(message.dataset.id);
  }
}, 400);

const refreshing = new Map();

/** Reads the parts that listen to an event anew; calls that come together are one. */
function refreshParts(event) {
  for (const part of all(`[data-refresh~="${event}"][data-href]`)) {
    clearTimeout(refreshing.get(part.id));
    refreshing.set(part.id, setTimeout(async () => {
      const current = document.getElementById(part.id) ?? part;
      if (!current.isConnected) return;
      try {
        const html = await fetchPart(current.dataset.href);
        if (html) replace(current, elements(html));
      } catch { /* the next event, or the next look at the page, mends it */ }
    }, 250));
  }
}

// --- the stream ---------------------------------------------------------------------------------------------------

const streamed = one("[data-events]");
const HIDDEN_FOR = 60_000;
let stream = null;
let cursor = document.body.dataset.cursor ?? "";
let closing = 0;
let silent = 0;

function showState(text) {
  const state = document.getElementById("stream-state");
  if (!state || state.textContent === text) return;
  state.textContent = text;
}

function openStream() {
  if (!streamed || stream) return;
  const url = new URL(streamed.dataset.events, location.href);
  if (cursor) url.searchParams.set("after", cursor);
  stream = new EventSource(url);
  stream.onopen = () => { clearTimeout(silent); showState(""); };
  stream.onerror = () => {
    // A short break mends itself unseen.
    clearTimeout(silent);
    silent = setTimeout(() => showState(words.offline), 4000);
    if (stream?.readyState === EventSource.CLOSED) {
      closeStream();
      setTimeout(() => { if (!document.hidden) openStream(); }, 5000);
    }
  };
  const on = (name, work) => stream.addEventListener(name, (event) => {
    if (event.lastEventId) cursor = event.lastEventId;
    const told = JSON.parse(event.data || "{}");
    const here = streamed.dataset.ticket;
    Promise.resolve(work(told, here && told.ticket && told.ticket !== here)).catch(() => {});
    refreshParts(name);
  });
  on("comment.created", (told, elsewhere) => elsewhere ? null : refreshMessage(told.comment));
  on("delivery.changed", (told, elsewhere) => {
    if (elsewhere) return null;
    const shown = told.delivery && one(`[data-deliveries~="${CSS.escape(told.delivery)}"]`);
    return refreshMessage(told.comment ?? shown?.dataset.id);
  });
  on("ticket.changed", (told, elsewhere) => elsewhere ? null : refreshAll());
  on("reload", () => { if (!isWriting()) location.reload(); });
}

function closeStream() {
  stream?.close();
  stream = null;
}

/** Whether something would be lost by reading the page anew. */
const isWriting = () => all("textarea[data-write], textarea[name=text]").some((field) => field.value.trim() !== field.defaultValue.trim());

document.addEventListener("visibilitychange", () => {
  clearTimeout(closing);
  if (document.hidden) closing = setTimeout(closeStream, HIDDEN_FOR);
  else openStream();
});
// A page that the browser keeps aside must not keep a connection; when it comes back it may be old.
addEventListener("pagehide", closeStream);
addEventListener("pageshow", (event) => { if (event.persisted && !isWriting()) location.reload(); });
openStream();

// --- presence -----------------------------------------------------------------------------------------------------

if (document.body.dataset.quiet !== undefined && streamed?.dataset.ticket) {
  const page = crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const csrf = one("input[name=csrf]")?.value ?? "";
  const say = (state) => navigator.sendBeacon("/page",
    new URLSearchParams({ csrf, page, ticket: streamed.dataset.ticket, state }));
  const note = () => say(document.hidden ? "closed" : "shown");
  note();
  setInterval(() => { if (!document.hidden) say("shown"); }, 30_000);
  document.addEventListener("visibilitychange", note);
  addEventListener("pagehide", () => say("closed"));
}

// --- forms --------------------------------------------------------------------------------------------------------

function tell(form, text) {
  const place = one("[data-error]", form);
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

async function send(form, button) {
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  try {
    const html = await fetchPart(form.action, { method: "POST", body });
    if (html && elements(html)[0]?.matches("form")) { replace(form, elements(html)); return; }
    const as = new FormData(form).get("as");
    form.reset();
    // What was being written (a reply, a note) stays so.
    const chosen = as && one(`input[name=as][value="${CSS.escape(as)}"]`, form);
    if (chosen) chosen.checked = true;
    const once = one("input[name=once]", form);
    if (once) once.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    for (const field of all("textarea", form)) { field.value = ""; field.dispatchEvent(new Event("input", { bubbles: true })); }
    form.dispatchEvent(new Event("change", { bubbles: true }));
    tell(form, "");
    if (html) place(html);
    const scroll = scrollOf(talk());
    if (scroll) scroll.scrollTop = scroll.scrollHeight;
    announce(words.sent);
    one("[data-write]", form)?.focus();
  } catch (error) {
    tell(form, error.told || words.failed);
  } finally {
    delete form.dataset.busy;
  }
}

async function act(form, button) {
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const message = form.closest(".msg");
  const part = form.closest("[data-part]");
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.append(button.name, button.value);
  try {
    const html = await fetchPart(form.action, { method: "POST", body });
    if (html) { replace(message ?? part ?? form, elements(html)); return; }
    if (!message) { location.reload(); return; }
    // What was taken back before it left goes back to where it was written.
    const text = one("[data-source]", message)?.textContent;
    const field = one("[data-write]");
    if (form.action.endsWith("/undo") && field && !field.value.trim() && text) {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
    message.remove();
  } catch (error) {
    announce(error.told || words.failed);
    if (message?.dataset.id) refreshMessage(message.dataset.id).catch(() => {});
    else if (error.status) form.submit();
  } finally {
    delete form.dataset.busy;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-send]")) { event.preventDefault(); send(form, event.submitter); }
  else if (form.matches("form[data-act]")) { event.preventDefault(); act(form, event.submitter); }
  else if (form.method === "post") {
    // Pressed twice, sent once.
    if (form.dataset.busy) event.preventDefault();
    form.dataset.busy = "yes";
    setTimeout(() => { delete form.dataset.busy; }, 5000);
  }
});

// --- the countdown ------------------------------------------------------------------------------------------------

let counting = 0;

/** Counts every [data-seconds] down; at nothing the message is read anew, and shows what became of it. */
function countDown() {
  if (counting) return;
  const now = () => performance.now();
  for (const field of all("[data-seconds]")) field.ends ??= now() + Number(field.dataset.seconds) * 1000;
  if (!one("[data-seconds]")) return;
  counting = setInterval(() => {
    const fields = all("[data-seconds]");
    for (const field of fields) {
      field.ends ??= now() + Number(field.dataset.seconds) * 1000;
      const left = Math.ceil((field.ends - now()) / 1000);
      if (left > 0) { field.textContent = `${left} ${words.seconds}`; continue; }
      const message = field.closest(".msg");
      field.removeAttribute("data-seconds");
      if (message?.dataset.id) setTimeout(() => refreshMessage(message.dataset.id).catch(() => {}), 300);
    }
    if (!fields.length) { clearInterval(counting); counting = 0; }
  }, 500);
}
countDown();

// --- menus --------------------------------------------------------------------------------------------------------

const MENUS = "details.menu[open], details.actions[open]";
document.addEventListener("click", (event) => {
  for (const menu of all(MENUS)) if (!menu.contains(event.target)) menu.open = false;
});

// --- keys ---------------------------------------------------------------------------------------------------------

const isField = (element) => element?.matches?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

function step(by) {
  const items = all("[data-item]");
  if (!items.length) return;
  const at = items.findIndex((item) => item === document.activeElement || item.getAttribute("aria-current"));
  const focused = items.indexOf(document.activeElement);
  const next = items[Math.min(Math.max((focused >= 0 ? focused : at) + by, 0), items.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function write(kind) {
  const radio = one(`input[data-${kind}]`);
  if (radio && !radio.checked) radio.click();
  const field = one("[data-write]");
  field?.focus();
  return Boolean(field);
}

// Single keys can be switched off (WCAG 2.1.4): speech input types them unmeant.
const keysOn = document.getElementById("keys-on");
const KEYS_OFF = "recado-keys-off";
const stored = (() => { try { return localStorage; } catch { return null; } })();
if (keysOn) {
  keysOn.checked = !stored?.getItem(KEYS_OFF);
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) stored?.removeItem(KEYS_OFF); else stored?.setItem(KEYS_OFF, "yes");
  });
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    if (form?.matches("[data-send]") || event.target.matches?.("textarea")) { event.preventDefault(); form?.requestSubmit(); }
    return;
  }
  if (event.key === "Escape") {
    const menu = one(MENUS);
    if (menu) { menu.open = false; one("summary", menu)?.focus(); } else if (isField(event.target)) event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target) || one("dialog[open]")) return;
  if (keysOn && !keysOn.checked && event.key !== "?") return;
  const done = {
    "/": () => { const field = one("[data-search]"); field?.focus(); field?.select?.(); return field; },
    j: () => { step(1); return one("[data-item]"); },
    k: () => { step(-1); return one("[data-item]"); },
    r: () => write("reply"),
    n: () => write("note"),
    "?": () => { document.getElementById("keys")?.showModal(); return true; },
  }[event.key]?.();
  if (done) event.preventDefault();
});
