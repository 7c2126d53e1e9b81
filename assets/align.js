/* Proofreading an alignment, in the Train tab, at #align/ID?filters. */
(() => {
  const LEAVING = "Leave without saving what you wrote?";
  let side = "source"; // the one that keys move sentences of
  let turn = 0; // an answer to an older question is dropped
  let work = Promise.resolve(); // changes go one after the other, however fast the keys come

  const $ = (selector) => document.querySelector(selector);
  const panel = new Panel({
    name: "align",
    tab: "Train",
    open: "v-aligning",
    server: (id) => `alignments/${id}`,
    begin: () => mark(),
    load: () => load(),
  });
  const rowOf = (element) => element?.closest?.("#align-rows .a-row");
  const rowWith = (number) => document.getElementById(`bead-${number}`);
  const editing = () => $("#align-rows .v-editing");

  function show(data) {
    panel.put("head", data.head);
    panel.put("chips", data.chips);
    panel.put("tools", data.tools);
    $("#align-rows").innerHTML = data.list;
    panel.asked.set("first", data.first);
  }

  async function load() {
    const mine = ++turn;
    const data = await panel.call(`?${panel.asked}`);
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
      const data = await panel.call(`${path}?${panel.asked}`, body);
      if (!data) return null;
      panel.say(data.said);
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
    const data = await panel.call(`/rows/${row.dataset.id}/form`);
    if (!data) return;
    if (data.refused) return panel.say(data.said);
    const form = Panel.parsed(data.row);
    rowWith(row.dataset.id).replaceWith(form);
    for (const area of form.querySelectorAll("textarea")) {
      area.dataset.was = area.value;
      Panel.fit(area);
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
    if (panel.asked.get("shown") === "unsure" || panel.asked.get("order") === "confidence") return;
    const here = rowOf(document.activeElement);
    focus(here?.nextElementSibling?.closest(".a-row"));
    mark();
  }

  async function unsure(step) {
    const here = rowOf(document.activeElement);
    const query = new URLSearchParams(panel.asked);
    if (here) query.set("after", here.dataset.id);
    query.set("step", step);
    const data = await panel.call(`/next?${query}`);
    if (!data) return;
    panel.say(data.said);
    if (data.id === null) return;
    if (!rowWith(data.id)) {
      panel.asked.set("first", data.first);
      panel.remember();
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
    panel.asked = new URLSearchParams({ around: number });
    await load();
    panel.asked.delete("around");
    panel.remember();
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
    panel.root.dataset.side = side;
  }

  function ask(changes) {
    const open = editing();
    if (open && changed(open) && !window.confirm(LEAVING)) return;
    return panel.ask(changes, { shown: "all", order: "text" });
  }

  const ACTIONS = {
    close: () => panel.close(),
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
    if (!panel.id || !panel.root?.contains(event.target)) return;
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
      panel.asked.set("first", button.dataset.first);
      panel.remember();
      load().then(() => $("#align-chips").scrollIntoView({ block: "start" }));
    }
  });

  document.addEventListener("dblclick", (event) => {
    const row = rowOf(event.target);
    if (panel.id && row && !row.classList.contains("v-editing") && !event.target.closest("button")) edit(row);
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    if (rowOf(event.target) && event.target.tagName === "TEXTAREA") Panel.fit(event.target);
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
})();
