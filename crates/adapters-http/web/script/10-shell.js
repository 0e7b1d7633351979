// Presence, forms, menus, keys.
{
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- presence: only for those who want no mail about what they look at --------------------------------------------

const shown = one("[data-events][data-ticket]")?.dataset.ticket;
if (document.body.dataset.quiet !== undefined && shown) {
  const page = crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
  const say = (state) => navigator.sendBeacon("/page",
    new URLSearchParams({ csrf, page, ticket: shown, state }));
  const note = () => say(document.hidden ? "closed" : "shown");
  note();
  setInterval(() => { if (!document.hidden) say("shown"); }, 30_000);
  document.addEventListener("visibilitychange", note);
  addEventListener("pagehide", () => say("closed"));
}

// --- forms: pressed twice, sent once ------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[data-send], [data-act]")) return;
  if (form.dataset.busy) event.preventDefault();
  form.dataset.busy = "yes";
  setTimeout(() => { delete form.dataset.busy; }, 5000);
});
addEventListener("pageshow", () => all("form[data-busy]").forEach((form) => { delete form.dataset.busy; }));

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
    // A message's own form sends by itself.
    if (event.target.matches?.("textarea") && form && !form.matches("[data-send]")) { event.preventDefault(); form.requestSubmit(); }
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
}
