/* Proofreading an alignment, in the Train tab. It lives at #align/ID?filters, so that it survives a
   reload and the browser's Back leaves it. All HTML comes escaped from the server. */
(() => {
  const LEAVING = "Leave without saving what you wrote?";
  let id = "";
  let asked = new URLSearchParams();
  let side = "source"; // the one that keys move sentences of
  let lost = false; // whether the last question got no answer
  let turn = 0; // an answer to an older question is dropped
  let work = Promise.resolve(); // changes go one after the other, however fast the keys come

  const $ = (selector) => document.querySelector(selector);
  const panel = () => $("#align-panel");
  const rowOf = (element) => element?.closest?.("#align-rows .a-row");
  const rowWith = (number) => document.getElementById(`bead-${number}`);
  const editing = () => $("#align-rows .v-editing");

  /* Null when there is no answer; what was typed stays where it is. */
  async function call(path, body) {
    try {
      const answer = await fetch(`alignments/${id}${path}`, {
        method: body ? "POST" : "GET",
        headers: { "x-verso": "align", ...(body && { "content-type": "application/json" }) },
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

  function put(name, html) {
    const place = $(name);
    if (!place || place.dataset.html === html) return;
    if (name === "#align-tools" && place.contains(document.activeElement)) return;
    place.dataset.html = html;
    place.innerHTML = html;
  }

  function parsed(html) {
    const box = document.createElement("div");
    box.innerHTML = html;
    return box.firstElementChild;
  }

  function say(html) {
    $("#align-said").innerHTML = html || "";
  }

  function show(data) {
    put("#align-head", data.head);
    put("#align-chips", data.chips);
    put("#align-tools", data.tools);
    $("#align-rows").innerHTML = data.list;
    asked.set("first", data.first);
  }

  async function load() {
    const mine = ++turn;
    const data = await call(`?${asked}`);
    if (data && mine === turn) show(data);
  }

  function focus(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  /* A change, and the page as it is afterwards. A row that no longer fits the filter is gone:
     the one that is now in its place gets the focus. */
  function change(path, body, from) {
    work = work.then(async () => {
      const rows = [...document.querySelectorAll("#align-rows .a-row")];
      const place = Math.max(0, rows.indexOf(from));
      const data = await call(`${path}?${asked}`, body);
      if (!data) return null;
      say(data.said);
      if (data.refused) return data;
      const top = from?.isConnected ? from.getBoundingClientRect().top : null;
      show(data);
      const now = document.querySelectorAll("#align-rows .a-row");
      const row = rowWith(data.focus) || now[Math.min(place, now.length - 1)];
      if (row && top !== null) scrollBy(0, row.getBoundingClientRect().top - top);
      focus(row);
      mark();
      return data;
    });
    return work;
  }

  const act = (row, action, body = {}) => change(`/rows/${row.dataset.id}/${action}`, body, row);

  async function edit(row) {
    const open = editing();
    if (open && open !== row && !(await leave(open))) return;
    const data = await call(`/rows/${row.dataset.id}/form`);
    if (!data) return;
    if (data.refused) return say(data.said);
    const form = parsed(data.row);
    rowWith(row.dataset.id).replaceWith(form);
    for (const area of form.querySelectorAll("textarea")) {
      area.dataset.was = area.value;
      fit(area);
    }
    form.querySelector(`textarea[data-side=${side}]`).focus();
  }

  const changed = (row) => [...row.querySelectorAll("textarea")].some((area) => area.value !== area.dataset.was);

  async function leave(row) {
    if (changed(row) && !window.confirm(LEAVING)) return false;
    const number = row.dataset.id;
    await load();
    focus(rowWith(number));
    return true;
  }

  async function save(row) {
    const [source, target] = ["source", "target"].map((name) => row.querySelector(`textarea[data-side=${name}]`).value);
    const data = await act(row, "edit", { source, target });
    if (data?.refused) row.querySelector(".v-wrong").innerHTML = data.said;
  }

  async function right(row) {
    await act(row, "right");
    // The page shows what is to be looked at only: the next one has the focus already.
    if (asked.get("shown") === "unsure" || asked.get("order") === "confidence") return;
    const here = rowOf(document.activeElement);
    focus(here?.nextElementSibling?.closest(".a-row"));
    mark();
  }

  async function unsure(step) {
    const here = rowOf(document.activeElement);
    const query = new URLSearchParams(asked);
    if (here) query.set("after", here.dataset.id);
    query.set("step", step);
    const data = await call(`/next?${query}`);
    if (!data) return;
    say(data.said);
    if (data.id === null) return;
    if (!rowWith(data.id)) {
      asked.set("first", data.first);
      remember();
      await load();
    }
    const row = rowWith(data.id);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "center" });
    mark();
  }

  /* A row among its neighbours, whatever was filtered. */
  async function inText(row) {
    const number = row.dataset.id;
    asked = new URLSearchParams({ around: number });
    await load();
    asked.delete("around");
    remember();
    rowWith(number)?.scrollIntoView({ block: "center" });
    rowWith(number)?.focus({ preventScroll: true });
  }

  function step(row, by) {
    const rows = [...document.querySelectorAll("#align-rows .a-row")];
    focus(rows[row ? rows.indexOf(row) + by : 0]);
    mark();
  }

  /* Which side the keys mean. */
  function mark() {
    panel().dataset.side = side;
  }

  function fit(area) {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }

  function remember() {
    history.replaceState(null, "", `#align/${id}?${asked}`);
  }

  function ask(changes) {
    const open = editing();
    if (open && changed(open) && !window.confirm(LEAVING)) return;
    asked.delete("first");
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || (name === "shown" && value === "all") || (name === "order" && value === "text")) asked.delete(name);
      else asked.set(name, value);
    }
    remember();
    say("");
    return load();
  }

  function close() {
    history.pushState(null, "", location.pathname + location.search);
    route();
  }

  const parse = () => location.hash.match(/^#align\/([0-9a-f]+)(?:\?(.*))?$/);
  const trainTab = () =>
    [...document.querySelectorAll("#tabs button[role=tab]")].find((tab) => tab.textContent.trim() === "Train");

  function route() {
    const found = parse();
    const root = panel();
    if (!root) return;
    id = found ? found[1] : "";
    root.hidden = !id;
    document.documentElement.classList.toggle("v-aligning", Boolean(id));
    if (!id) {
      for (const part of root.children) {
        part.innerHTML = "";
        delete part.dataset.html;
      }
      return;
    }
    asked = new URLSearchParams(found[2] || "");
    trainTab()?.click();
    say("");
    mark();
    load().then(() => root.scrollIntoView({ block: "start" }));
  }

  const ACTIONS = {
    close,
    undo: () => change("/undo", {}, rowOf(document.activeElement)),
    save,
    leave,
    edit,
    right,
    show: inText,
    cut: (row, button) => act(row, "cut", { side: button.dataset.side, cut: Number(button.dataset.cut) }),
    up: (row, button) => act(row, "up", { side: button.dataset.side }),
    down: (row, button) => act(row, "down", { side: button.dataset.side }),
  };

  document.addEventListener("click", (event) => {
    if (!id || !panel()?.contains(event.target)) return;
    const button = event.target.closest("button, a");
    const row = rowOf(event.target);
    const cell = event.target.closest(".a-cell");
    if (cell) {
      side = cell.dataset.side;
      mark();
    }
    const action = button?.dataset.do;
    if (action) {
      event.preventDefault();
      if (ACTIONS[action]) ACTIONS[action](row, button);
      else act(row, action);
    } else if (button?.dataset.shown) ask({ shown: button.dataset.shown });
    else if (button?.dataset.first) {
      asked.set("first", button.dataset.first);
      remember();
      load().then(() => $("#align-chips").scrollIntoView({ block: "start" }));
    }
  });

  document.addEventListener("dblclick", (event) => {
    const row = rowOf(event.target);
    if (id && row && !row.classList.contains("v-editing") && !event.target.closest("button")) edit(row);
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    if (rowOf(event.target) && event.target.tagName === "TEXTAREA") fit(event.target);
    else if (event.target.closest?.("#align-tools") && event.target.name) {
      clearTimeout(typing);
      const wait = event.target.name === "text" ? 300 : 0;
      typing = setTimeout(() => ask({ [event.target.name]: event.target.value }), wait);
    }
  });

  const KEYS = {
    " ": (row) => row && right(row),
    Enter: (row) => row && edit(row),
    ArrowDown: (row) => step(row, 1),
    ArrowUp: (row) => step(row, -1),
    j: (row) => step(row, 1),
    k: (row) => step(row, -1),
    ArrowLeft: () => { side = "source"; mark(); },
    ArrowRight: () => { side = "target"; mark(); },
    n: () => unsure(1),
    p: () => unsure(-1),
    u: (row) => row && act(row, "up", { side }),
    d: (row) => row && act(row, "down", { side }),
    m: (row) => row && act(row, "merge"),
    s: (row) => row && act(row, "split"),
    g: (row) => row && inText(row),
    x: (row) => row && act(row, row.dataset.state === "dropped" ? "open" : "drop"),
    z: () => ACTIONS.undo(),
  };

  document.addEventListener("keydown", (event) => {
    if (!id || !panel()?.offsetParent) return;
    const row = rowOf(event.target);
    const open = row?.classList.contains("v-editing");
    if (open && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      save(row);
    } else if (open && event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      leave(row);
    } else if (event.target.closest("input, textarea, select, a")) {
      return;
    } else if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      ACTIONS.undo();
    } else if (event.ctrlKey || event.metaKey || event.altKey || open) {
      return;
    } else if (event.target.closest("button") && (event.key === " " || event.key === "Enter")) {
      return;
    } else if (KEYS[event.key] && (row || !event.target.closest("[role=tab]"))) {
      event.preventDefault();
      KEYS[event.key](row);
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
    } else if (parse()) trainTab()?.click();
  }, 200);
})();
