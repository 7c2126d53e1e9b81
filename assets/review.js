/* The review panel of the Books tab. It lives at #review/JOB?filters, so that it survives a reload
   and the browser's Back leaves it. All HTML comes escaped from the server. */
(() => {
  const POLL = 1500; // milliseconds
  const FILTERS = ["shown", "check", "section", "text"];
  let job = "";
  let asked = new URLSearchParams();
  let stamp = "";
  let busy = false; // whether the job is at work or waits for its turn
  let lost = false; // whether the last question got no answer
  let turn = 0; // an answer to an older question is dropped

  const $ = (selector) => document.querySelector(selector);
  const panel = () => $("#review-panel");
  const rowOf = (element) => element?.closest?.("#review-list .v-row");
  const editing = () => $("#review-list .v-editing");

  /* Null when there is no answer; what was typed stays where it is. */
  async function call(path, body) {
    try {
      const answer = await fetch(`books/${job}/review${path}`, {
        method: body ? "POST" : "GET",
        headers: { "x-verso": "review", ...(body && { "content-type": "application/json" }) },
        body: body && JSON.stringify(body),
      });
      if (answer.status === 404) {
        close();
        return null;
      }
      const data = await answer.json();
      if (lost) say("");
      lost = false;
      if (answer.ok || data.said) return { ...data, refused: !answer.ok };
    } catch {
      // Verso was stopped, or the network is gone.
    }
    lost = true;
    say(`<div class="v-notice v-error" role="alert"><strong>Verso did not answer.</strong>
      <span class="v-hint">Is it still running? What you typed is still here.</span></div>`);
    return null;
  }

  /* Only what differs is put in, so that nobody loses their place, focus or typed words. */
  function put(id, html) {
    const place = $(id);
    if (!place || html === undefined || place.dataset.html === html) return;
    if (id !== "#review-head" && place.contains(document.activeElement)) {
      const name = document.activeElement.name;
      if (name === "text" || document.activeElement.id === "review-note") return;
    }
    place.dataset.html = html;
    place.innerHTML = html;
  }

  function putList(html, keep) {
    const place = $("#review-list");
    if (!keep) {
      place.innerHTML = html;
      return;
    }
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    const ids = (root) => [...root.querySelectorAll(".v-row")].map((row) => row.id).join();
    if (ids(fresh) !== ids(place)) {
      if (!editing()) place.innerHTML = html;
      return;
    }
    for (const row of fresh.querySelectorAll(".v-row")) {
      const old = document.getElementById(row.id);
      if (!old.classList.contains("v-editing") && old.outerHTML !== row.outerHTML) swap(old, row);
    }
  }

  function swap(old, row) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(row);
    if (focused) row.focus({ preventScroll: true });
    return row;
  }

  function parsed(html) {
    const box = document.createElement("div");
    box.innerHTML = html;
    return box.firstElementChild;
  }

  async function load(keep = false) {
    const mine = ++turn;
    const data = await call(`?${asked}`);
    if (!data || mine !== turn) return;
    stamp = data.stamp;
    headed(data);
    put("#review-chips", data.chips);
    put("#review-tools", data.tools);
    putList(data.list, keep);
    asked.set("first", data.first);
    const narrowed = FILTERS.some((name) => asked.has(name));
    const rows = $("#review-list .v-row");
    panel().classList.toggle("v-narrowed", Boolean(narrowed && rows));
  }

  function headed(data) {
    put("#review-head", data.head);
    if (busy && !data.busy) say(data.ended);
    busy = data.busy;
  }

  function say(html) {
    $("#review-said").innerHTML = html || "";
  }

  async function look() {
    if (!job || document.hidden || !panel()?.offsetParent) return;
    const data = await call("/head");
    if (!data) return;
    headed(data);
    if (data.stamp !== stamp) await load(true);
  }

  function remember() {
    history.replaceState(null, "", `#review/${job}?${asked}`);
  }

  function ask(changes) {
    asked.delete("first");
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || value === "\n" || (name === "shown" && value === "all")) asked.delete(name);
      else asked.set(name, value);
    }
    remember();
    say("");
    return load();
  }

  async function edit(row) {
    const open = editing();
    if (open && open !== row && !(await leave(open))) return;
    const data = await call(`/segments/${row.dataset.number}/form`);
    if (!data) return;
    const form = parsed(data.row);
    document.getElementById(row.id).replaceWith(form);
    const area = form.querySelector("textarea");
    if (!area) return form.focus();
    area.dataset.was = area.value;
    fit(area);
    tagsLeft(form);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  function changed(row) {
    const area = row.querySelector("textarea");
    return area && area.value !== area.dataset.was;
  }

  async function leave(row) {
    if (changed(row) && !window.confirm("Leave without saving what you wrote?")) return false;
    const data = await call(`/segments/${row.dataset.number}`);
    if (!data) return false;
    const shown = parsed(data.row);
    document.getElementById(row.id)?.replaceWith(shown);
    shown.focus({ preventScroll: true });
    return true;
  }

  async function save(row) {
    const text = row.querySelector("textarea").value;
    const data = await call(`/segments/${row.dataset.number}`, { text });
    if (!data) return;
    if (data.refused) {
      row.querySelector(".v-wrong").innerHTML = data.said;
      return;
    }
    const shown = parsed(data.row);
    row.replaceWith(shown);
    shown.focus({ preventScroll: true });
    headed(data);
  }

  async function again(body, row) {
    const filters = new URLSearchParams(asked);
    const data = await call(`/again?${filters}`, body);
    if (!data) return;
    if (row && !data.refused) {
      const now = await call(`/segments/${row.dataset.number}`);
      if (now) swap(row, parsed(now.row));
    }
    say(data.said);
    if (!data.refused) headed(data);
  }

  async function flagged(step) {
    const here = rowOf(document.activeElement);
    const first = $("#review-list .v-row");
    const after = here ? here.dataset.number : first ? Number(first.dataset.number) - step : -1;
    const filters = new URLSearchParams(asked);
    filters.set("after", after);
    filters.set("step", step);
    const data = await call(`/next?${filters}`);
    if (!data) return;
    say(data.said);
    if (data.number === null) return;
    if (!document.getElementById(`segment-${data.number}`)) {
      asked.set("first", data.first);
      remember();
      await load();
    }
    const row = document.getElementById(`segment-${data.number}`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center" });
  }

  function fit(area) {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }

  function tagsLeft(row) {
    const rest = {};
    for (const chip of row.querySelectorAll("[data-tag]")) {
      const tag = chip.dataset.tag;
      rest[tag] ??= row.querySelector("textarea").value.split(tag).length - 1;
      chip.classList.toggle("v-missing", rest[tag]-- <= 0);
    }
  }

  function insert(row, text, whole) {
    const area = row.querySelector("textarea");
    area.focus();
    if (whole) area.select();
    // The only way that the browser's undo knows of.
    if (!document.execCommand("insertText", false, text)) area.setRangeText(text, ...(whole ? [0, area.value.length] : [area.selectionStart, area.selectionEnd]), "end");
    fit(area);
    tagsLeft(row);
  }

  function close() {
    history.pushState(null, "", location.pathname + location.search);
    route();
  }

  const parse = () => location.hash.match(/^#review\/([0-9a-f]+)(?:\?(.*))?$/);
  const booksTab = () =>
    [...document.querySelectorAll("#tabs button[role=tab]")].find((tab) => tab.textContent.trim() === "Books");

  function route() {
    const found = parse();
    const root = panel();
    if (!root) return;
    job = found ? found[1] : "";
    root.hidden = !job;
    document.documentElement.classList.toggle("v-reviewing", Boolean(job));
    if (!job) {
      for (const part of root.children) {
        part.innerHTML = "";
        delete part.dataset.html;
      }
      return;
    }
    asked = new URLSearchParams(found[2] || "");
    busy = false;
    booksTab()?.click();
    say("");
    load().then(() => root.scrollIntoView({ block: "start" }));
  }

  const ACTIONS = {
    close,
    save: (row) => save(row),
    leave: (row) => leave(row),
    again: (row) =>
      again({ number: Number(row.dataset.number), note: row.querySelector(".v-note")?.value || "" }, row),
    use: (row, button) => insert(row, button.dataset.text, true),
    these: () => {
      const total = Number($("#review-list .v-pager")?.dataset.total || 0);
      const many = total === 1 ? "the one segment" : `all ${total} segments`;
      if (total && window.confirm(`Translate ${many} shown here again? Edited ones stay.`))
        return again({ note: $("#review-note")?.value || "" });
    },
    write: async () => {
      const data = await call("/write", {});
      if (!data) return;
      say(data.said);
      if (!data.refused) headed(data);
    },
  };

  document.addEventListener("click", (event) => {
    if (!job || !panel()?.contains(event.target)) return;
    const button = event.target.closest("button, a");
    const row = rowOf(event.target);
    if (button?.dataset.do) {
      event.preventDefault();
      ACTIONS[button.dataset.do](row, button);
    } else if (button?.dataset.shown) ask({ shown: button.dataset.shown });
    else if (button?.dataset.first) {
      asked.set("first", button.dataset.first);
      remember();
      load().then(() => $("#review-chips").scrollIntoView({ block: "start" }));
    } else if (button?.dataset.tag) insert(row, button.dataset.text);
    else if (row && !row.classList.contains("v-editing") && !button && getSelection().isCollapsed) edit(row);
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    const row = rowOf(event.target);
    if (row && event.target.tagName === "TEXTAREA") {
      fit(event.target);
      tagsLeft(row);
    } else if (event.target.closest?.("#review-tools") && event.target.name) {
      clearTimeout(typing);
      const wait = event.target.name === "text" ? 300 : 0;
      typing = setTimeout(() => ask({ [event.target.name]: event.target.value }), wait);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (!job || !panel()?.offsetParent) return;
    const row = rowOf(event.target);
    const open = row?.classList.contains("v-editing");
    if (open && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      save(row);
    } else if (open && event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      leave(row);
    } else if (event.target.closest("input, textarea, select, button, a")) {
      return;
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (row && event.key === "Enter") {
      event.preventDefault();
      edit(row);
    } else if (event.key === "n" || event.key === "p") {
      event.preventDefault();
      flagged(event.key === "n" ? 1 : -1);
    }
  }, true);

  addEventListener("beforeunload", (event) => {
    const row = editing();
    if (row && changed(row)) event.preventDefault();
  });
  addEventListener("hashchange", route);
  // Gradio makes the panel when the tab is first opened.
  const waiting = setInterval(() => {
    if (panel()) {
      clearInterval(waiting);
      route();
    } else if (parse()) booksTab()?.click();
  }, 200);
  setInterval(look, POLL);
})();
