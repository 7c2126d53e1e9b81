/* The review of a book, in the Books tab, at #review/JOB?filters. */
(() => {
  const POLL = 1500; // milliseconds
  const FILTERS = ["shown", "check", "section", "text"];
  let stamp = "";
  let busy = false; // whether the job is at work or waits for its turn
  let turn = 0; // an answer to an older question is dropped

  const $ = (selector) => document.querySelector(selector);
  const panel = new Panel({
    name: "review",
    tab: "Books",
    open: "v-reviewing",
    server: (job) => `books/${job}/review`,
    begin: () => (busy = false),
    load: () => load(),
  });
  const rowOf = (element) => element?.closest?.("#review-list .v-row");
  const editing = () => $("#review-list .v-editing");

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

  async function load(keep = false) {
    const mine = ++turn;
    const data = await panel.call(`?${panel.asked}`);
    if (!data || mine !== turn) return;
    stamp = data.stamp;
    headed(data);
    panel.put("chips", data.chips);
    panel.put("tools", data.tools);
    putList(data.list, keep);
    panel.asked.set("first", data.first);
    const narrowed = FILTERS.some((name) => panel.asked.has(name));
    const rows = $("#review-list .v-row");
    panel.root.classList.toggle("v-narrowed", Boolean(narrowed && rows));
  }

  function headed(data) {
    panel.put("head", data.head);
    if (busy && !data.busy) panel.say(data.ended);
    busy = data.busy;
  }

  async function look() {
    if (!panel.id || document.hidden || !panel.root?.offsetParent) return;
    const data = await panel.call("/head");
    if (!data) return;
    headed(data);
    if (data.stamp !== stamp) await load(true);
  }

  const ask = (changes) => panel.ask(changes, { shown: "all", section: "\n" });

  async function edit(row) {
    const open = editing();
    if (open && open !== row && !(await leave(open))) return;
    const data = await panel.call(`/segments/${row.dataset.number}/form`);
    if (!data) return;
    const form = Panel.parsed(data.row);
    document.getElementById(row.id).replaceWith(form);
    const area = form.querySelector("textarea");
    if (!area) return form.focus();
    area.dataset.was = area.value;
    Panel.fit(area);
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
    const data = await panel.call(`/segments/${row.dataset.number}`);
    if (!data) return false;
    const shown = Panel.parsed(data.row);
    document.getElementById(row.id)?.replaceWith(shown);
    shown.focus({ preventScroll: true });
    return true;
  }

  async function save(row) {
    const text = row.querySelector("textarea").value;
    const data = await panel.call(`/segments/${row.dataset.number}`, { text });
    if (!data) return;
    if (data.refused) {
      row.querySelector(".v-wrong").innerHTML = data.said;
      return;
    }
    const shown = Panel.parsed(data.row);
    row.replaceWith(shown);
    shown.focus({ preventScroll: true });
    headed(data);
  }

  async function again(body, row) {
    const filters = new URLSearchParams(panel.asked);
    const data = await panel.call(`/again?${filters}`, body);
    if (!data) return;
    if (row && !data.refused) {
      const now = await panel.call(`/segments/${row.dataset.number}`);
      if (now) swap(row, Panel.parsed(now.row));
    }
    panel.say(data.said);
    if (!data.refused) headed(data);
  }

  async function flagged(step) {
    const here = rowOf(document.activeElement);
    const first = $("#review-list .v-row");
    const after = here ? here.dataset.number : first ? Number(first.dataset.number) - step : -1;
    const filters = new URLSearchParams(panel.asked);
    filters.set("after", after);
    filters.set("step", step);
    const data = await panel.call(`/next?${filters}`);
    if (!data) return;
    panel.say(data.said);
    if (data.number === null) return;
    if (!document.getElementById(`segment-${data.number}`)) {
      panel.asked.set("first", data.first);
      panel.remember();
      await load();
    }
    const row = document.getElementById(`segment-${data.number}`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center" });
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
    Panel.fit(area);
    tagsLeft(row);
  }

  const ACTIONS = {
    close: () => panel.close(),
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
      const data = await panel.call("/write", {});
      if (!data) return;
      panel.say(data.said);
      if (!data.refused) headed(data);
    },
  };

  document.addEventListener("click", (event) => {
    if (!panel.id || !panel.root?.contains(event.target)) return;
    const button = event.target.closest("button, a");
    const row = rowOf(event.target);
    if (button?.dataset.do) {
      event.preventDefault();
      ACTIONS[button.dataset.do](row, button);
    } else if (button?.dataset.shown) ask({ shown: button.dataset.shown });
    else if (button?.dataset.first) {
      panel.asked.set("first", button.dataset.first);
      panel.remember();
      load().then(() => $("#review-chips").scrollIntoView({ block: "start" }));
    } else if (button?.dataset.tag) insert(row, button.dataset.text);
    else if (row && !row.classList.contains("v-editing") && !button && getSelection().isCollapsed) edit(row);
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    const row = rowOf(event.target);
    if (row && event.target.tagName === "TEXTAREA") {
      Panel.fit(event.target);
      tagsLeft(row);
    } else if (event.target.closest?.("#review-tools") && event.target.name) {
      clearTimeout(typing);
      const wait = event.target.name === "text" ? 300 : 0;
      typing = setTimeout(() => ask({ [event.target.name]: event.target.value }), wait);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (!panel.id || !panel.root?.offsetParent) return;
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
  setInterval(look, POLL);
})();
