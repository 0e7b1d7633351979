// Conversations and lists while they are open: messages come, change and go by themselves, and are sent without
// reloading. All of it is also a link or a form that works without this.
{
  document.documentElement.dataset.scripts = "";
  const asFragment = { "X-Recado-Fragment": "1" };
  const page = document.querySelector("[data-events]");
  const talk = document.getElementById("talk");
  const write = document.querySelector("form[data-send]");
  const field = write?.querySelector("[data-write]");

  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  const get = (path) => fetch(path, { headers: asFragment, cache: "no-store" });

  const say = (text) => {
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = text;
  };

  // Messages. Their ids are in the order of writing, so that each finds its place whenever it comes.
  const put = (article) => {
    talk.querySelector("[data-empty]")?.remove();
    const shown = document.getElementById(article.id);
    if (shown) {
      const opened = new Set([...shown.querySelectorAll("details[open]")].map((details) => details.className));
      for (const details of article.querySelectorAll("details")) details.open = opened.has(details.className);
      const focused = shown.contains(document.activeElement);
      shown.replaceWith(article);
      if (focused) article.querySelector("a, button, summary")?.focus();
    } else {
      const articles = [...talk.querySelectorAll("article")];
      const before = articles.findLast((other) => other.dataset.id < article.dataset.id);
      if (before) before.after(article);
      else if (articles.length > 0) articles[0].before(article);
      else talk.append(article);
    }
    count(article);
  };

  const take = (id) => {
    const article = document.getElementById(`m-${id}`);
    // Of two messages of a day the first one bears its name; the next one takes it over.
    const day = article?.querySelector(".day");
    const next = article?.nextElementSibling;
    if (day && next?.matches("article") && !next.querySelector(".day")) next.prepend(day);
    article?.remove();
  };

  const isPast = () => talk.querySelector("[data-newest]") !== null;

  // Of several questions about one message the latest is answered; one that failed is put again.
  const turns = new Map();
  const refetch = async (id) => {
    if (!talk || (isPast() && !document.getElementById(`m-${id}`))) return;
    const turn = (turns.get(id) ?? 0) + 1;
    turns.set(id, turn);
    const answer = await get(talk.dataset.messages + id).catch(() => null);
    const html = answer?.ok ? await answer.text().catch(() => null) : null;
    if (turns.get(id) !== turn) return;
    if (answer?.status === 404) take(id);
    else if (html !== null) put(parse(html).querySelector("article"));
    else if (!answer || answer.ok || answer.status >= 500) {
      setTimeout(() => turns.get(id) === turn && refetch(id), 3000);
    }
  };

  // A message under hold counts down, and is looked at again when it has left.
  const count = (article) => {
    const shown = article.querySelector("[data-seconds]");
    if (!shown) return;
    const left = Number(shown.dataset.seconds);
    const end = performance.now() + left * 1000;
    const format = shown.textContent;
    const tick = () => {
      if (!shown.isConnected) return;
      const seconds = Math.ceil((end - performance.now()) / 1000);
      if (seconds <= 0) {
        refetch(article.dataset.id);
        return;
      }
      shown.textContent = format.replace(left, seconds);
      setTimeout(tick, 250);
    };
    tick();
  };

  // Parts that change with what happens; each is fetched once, however much happens meanwhile.
  const soon = new Set();
  const refresh = (kind, here) => {
    for (const { id, dataset } of document.querySelectorAll("[data-refresh]")) {
      if (!here && dataset.part !== undefined) continue;
      if ((kind && !dataset.refresh.split(" ").includes(kind)) || soon.has(id)) continue;
      soon.add(id);
      setTimeout(async () => {
        soon.delete(id);
        const part = document.getElementById(id);
        // Nobody loses what they have opened or are typing.
        if (!part || part.querySelector("details[open]") || part.querySelector("input:focus, textarea:focus")) return;
        const answer = await get(part.dataset.href);
        if (!answer.ok) return;
        const focused = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
        const top = part.scrollTop;
        part.replaceWith(parse(await answer.text()));
        const fresh = document.getElementById(id);
        if (!fresh) return;
        fresh.scrollTop = top;
        if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      }, 300);
    }
  };

  // What happens elsewhere changes lists, not this conversation.
  const isHere = (ticket) => !page.dataset.ticket || ticket === page.dataset.ticket;

  // Somebody may have taken a message back; the last ones alone can be, and are looked at again.
  const recheck = () => {
    if (!talk || isPast()) return;
    for (const article of [...talk.querySelectorAll("article")].slice(-5)) refetch(article.dataset.id);
  };

  if (page) {
    const on = (kind, act) => (told) => {
      if (isHere(told.ticket)) act(told);
      refresh(kind, isHere(told.ticket));
    };
    follow(page.dataset.events, {
      "comment.created": on("comment.created", ({ comment }) => refetch(comment)),
      // The desk is told which delivery; authors, whose message it carries.
      "delivery.changed": on("delivery.changed", ({ comment, delivery }) => {
        const article = delivery && talk?.querySelector(`article[data-deliveries~="${CSS.escape(delivery)}"]`);
        const id = article ? article.dataset.id : comment;
        if (id) refetch(id);
      }),
      "ticket.changed": on("ticket.changed", recheck),
    });
  }
  talk?.querySelectorAll("article").forEach(count);

  // Writing.
  const problem = (text) => {
    const shown = write.querySelector("[data-error]");
    shown.textContent = text;
    shown.hidden = text === "";
  };

  const list = () => {
    const files = [...write.querySelector("[type=file]").files];
    write.querySelector("[data-files]").replaceChildren(
      ...files.map((file) => Object.assign(document.createElement("li"), { textContent: file.name })),
    );
  };

  write?.addEventListener("change", list);
  write?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      write.requestSubmit();
    }
  });
  write?.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (write.ariaBusy === "true") return;
    write.ariaBusy = "true";
    // What is typed while it is on its way would be cleared with it.
    const body = new FormData(write);
    field.readOnly = true;
    try {
      const answer = await fetch(write.action, { method: "POST", headers: asFragment, body });
      const text = await answer.text();
      if (!answer.ok) {
        problem(text);
        return;
      }
      problem("");
      if (isPast()) {
        location.assign(location.pathname);
        return;
      }
      put(parse(text).querySelector("article"));
      field.value = "";
      write.querySelector("[type=file]").value = "";
      // Another message is another form.
      write.elements.once.value = crypto.randomUUID?.() ?? String(crypto.getRandomValues(new Uint32Array(4)));
      list();
      say(strings.sent ?? "");
      talk.parentElement.scrollTop = 0;
    } catch {
      problem(strings.failed ?? "");
    } finally {
      write.ariaBusy = "false";
      field.readOnly = false;
      field.focus();
    }
  });

  // What a button does: its answer takes the place of the part that it stands in.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    const part = form.closest("[data-part], article");
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", headers: asFragment, body });
      const text = await answer.text();
      if (!answer.ok) {
        say(text);
        if (part.matches("article")) refetch(part.dataset.id);
      } else if (answer.status === 204) {
        const source = part.querySelector("[data-source]");
        // What was undone is there to be written anew.
        if (form.dataset.act === "undo" && field) {
          const undone = source?.textContent ?? "";
          // An internal text never lands in a reply; what is being written stays below it.
          if (part.matches(".internal")) write.querySelector("input[data-note]")?.click();
          else if (field.value === "") write.querySelector("input[data-reply]")?.click();
          field.value = field.value === "" ? undone : `${undone}\n\n${field.value}`;
          field.focus();
        }
        take(part.dataset.id);
      } else if (part.matches("article")) {
        put(parse(text).querySelector("article"));
      } else {
        part.replaceWith(parse(text));
      }
    } catch {
      say(strings.failed ?? "");
    }
  });

  // Earlier messages come above, and what one reads stays where it is.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("[data-earlier]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const answer = await get(link.href);
    if (!answer.ok) {
      location.assign(link.href);
      return;
    }
    const first = link.nextElementSibling;
    link.replaceWith(parse(await answer.text()));
    first?.scrollIntoView({ block: "start" });
  });
}
