// Administration: the health that is looked up after the page, a test mail that is followed, and the template editor.

{
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Asks for a part of a page; gives its elements, or null when it cannot be had for now. */
async function part(url, options = {}) {
  try {
    const answer = await fetch(url, { redirect: "manual", ...options, headers: { "X-Recado-Fragment": "1" } });
    if (!answer.ok) return null;
    const template = document.createElement("template");
    // The server escapes every value; a script would not run here, by the page's policy too.
    template.innerHTML = await answer.text();
    return [...template.content.children];
  } catch {
    return null;
  }
}

/** Runs a function once its calls have ceased for so long. */
function calmly(work, pause) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, pause); };
}

// On a phone the sections scroll sideways; the one shown should be seen.
one(".admin-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// --- parts that take a while ---------------------------------------------------------------------------------------

for (const place of all("[data-load]")) {
  part(place.dataset.load).then((fresh) => { if (fresh) place.replaceChildren(...fresh); });
}

// --- a test mail on its way ----------------------------------------------------------------------------------------

const isWatched = () => document.getElementById("watch")?.dataset.final === "false";
if (isWatched()) {
  const look = calmly(async () => {
    const [fresh] = isWatched() ? await part(document.getElementById("watch").dataset.href) ?? [] : [];
    const shown = document.getElementById("watch");
    if (fresh && fresh.textContent.trim() !== shown.textContent.trim()) shown.replaceWith(fresh);
  }, 150);
  follow("/events", { "delivery.changed": (told) => { if (told.delivery === document.getElementById("watch").dataset.watch) look(); } });
  // It may have left before the stream was open; a hold changes no delivery and is told by nobody.
  look();
  let looks = 0;
  const net = setInterval(() => { if (isWatched() && ++looks < 60) { if (!document.hidden) look(); } else clearInterval(net); }, 2000);
}

// --- the template editor -------------------------------------------------------------------------------------------

const editor = one("[data-editor]");
if (editor) {
  document.documentElement.classList.add("js");
  const form = document.getElementById("template-form");
  const known = new Set(editor.dataset.keys.split(" "));
  const body = () => new URLSearchParams(new FormData(form));
  const PIECES = /(\\?\$\s*\{[^}\n]*\}?|\{TOKEN\([^}\n]*\}?)|(<\/?[a-zA-Z!][^<>$]*>?)/g;
  let last = one("[data-source=html]");

  /** Lays colours behind a source, and numbers beside it. The text stays the textarea's own, for every helper to read. */
  function light(box) {
    const field = one("textarea", box);
    const layer = document.createElement("div");
    layer.className = "layer";
    const text = layer.appendChild(document.createElement("pre"));
    const gutter = document.createElement("div");
    gutter.className = "gutter";
    const lines = gutter.appendChild(document.createElement("div"));
    lines.className = "lines";
    for (const added of [layer, gutter]) added.setAttribute("aria-hidden", "true");
    // Out of the way of the text: the layer lies over the second column alone.
    const frame = document.createElement("div");
    frame.className = "frame";
    field.before(gutter, frame);
    frame.append(layer, field);
    box.classList.add("lit");
    const follow = () => {
      text.style.transform = `translate(${-field.scrollLeft}px, ${-field.scrollTop}px)`;
      lines.style.transform = `translateY(${-field.scrollTop}px)`;
    };
    const draw = () => {
      const source = field.value;
      const pieces = [];
      let at = 0;
      for (const found of source.matchAll(PIECES)) {
        if (found.index > at) pieces.push(source.slice(at, found.index));
        const span = document.createElement("span");
        span.textContent = found[0];
        if (found[1]) {
          const name = /\{([A-Za-z0-9_]*)\}$/.exec(found[1])?.[1].toUpperCase();
          const right = found[1].startsWith("{TOKEN(") || (name !== undefined && known.has(name) && !/\s/.test(found[1]));
          span.className = right ? "key" : "key wrong";
        } else span.className = "markup";
        pieces.push(span);
        at = found.index + found[0].length;
      }
      pieces.push(source.slice(at), "\n");
      text.replaceChildren(...pieces);
      mark();
      follow();
    };
    const mark = () => {
      const graver = new Map();
      for (const remark of all(`.hint[data-field=${box.dataset.code}]`)) {
        const line = Number(remark.dataset.line);
        if (graver.get(line) !== "error") graver.set(line, remark.dataset.severity);
      }
      const count = field.value.split("\n").length;
      lines.replaceChildren(...Array.from({ length: count }, (_, index) => {
        const number = document.createElement("span");
        number.textContent = index + 1;
        if (graver.has(index + 1)) number.className = graver.get(index + 1);
        return number;
      }));
    };
    field.addEventListener("input", draw);
    field.addEventListener("scroll", follow, { passive: true });
    draw();
    return mark;
  }
  const marks = all(".code-editor").map(light);

  /** Puts a text where the caret was last, so that undoing takes it back. */
  function insert(text) {
    const field = last ?? one("[data-source=html]");
    field.focus();
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  const check = calmly(async () => {
    const fresh = await part(editor.dataset.check, { method: "POST", body: body() });
    if (!fresh) return;
    const place = document.getElementById("template-diagnostics");
    const texts = (nodes) => nodes.map((node) => node.textContent.trim()).join("\n");
    // Saying the same again would only disturb.
    if (texts(fresh) !== texts([...place.children])) place.replaceChildren(...fresh);
    marks.forEach((mark) => mark());
  }, 350);

  const preview = calmly(async () => {
    const [parts] = await part(editor.dataset.preview, { method: "POST", body: body() }) ?? [];
    if (!parts) return;
    const error = one("[data-error]", parts);
    document.getElementById("mail-subject").textContent = error ? error.textContent : one("[data-subject]", parts).textContent;
    document.getElementById("mail-text").textContent = error ? "" : one("[data-text]", parts).textContent;
    // The frame's own document, under its own policy: sent as the form it is.
    const target = document.createElement("form");
    target.method = "post";
    target.action = editor.dataset.preview;
    target.target = "mail-html";
    target.hidden = true;
    for (const [name, value] of new FormData(form)) {
      const field = target.appendChild(document.createElement("textarea"));
      field.name = name;
      field.value = value;
    }
    document.body.append(target);
    target.submit();
    target.remove();
  }, 900);

  const saved = body().toString();
  let leaving = false;
  form.addEventListener("submit", (event) => { if (event.submitter?.id !== "preview-button") leaving = true; });
  addEventListener("beforeunload", (event) => { if (!leaving && body().toString() !== saved) event.preventDefault(); });

  for (const field of all("[data-source]")) field.addEventListener("focus", () => { last = field; });
  editor.addEventListener("input", (event) => {
    if (event.target.form !== form) return;
    if (event.target.dataset.source) check();
    preview();
  });
  editor.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert], [data-replace]");
    if (!button) return;
    if (button.dataset.insert) { insert(button.dataset.insert); return; }
    const remark = button.closest(".hint");
    const field = one(`[data-source=${remark.dataset.field}]`);
    field.focus();
    field.setSelectionRange(Number(remark.dataset.from), Number(remark.dataset.to));
    last = field;
    insert(button.dataset.replace);
  });
  if (one("[data-source=html]").value) preview();
  document.getElementById("preview-button").addEventListener("click", (event) => { event.preventDefault(); preview(); });
}
}
