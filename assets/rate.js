/* The reviewer's page: loads what the reviewer's link gives, shows item after item, keeps every
   change, and sends it. Nothing here knows what is compared. */
import { $, h, newId, speak } from "./rate_dom.js";
import { ItemView } from "./rate_item.js";
import { keysDialog, listen } from "./rate_keys.js";
import { closed, done, instructionsDialog, isAsked, overviewDialog, welcome } from "./rate_pages.js";
import { lacks, packed, restored } from "./rate_protocols.js";
import { Queue } from "./rate_queue.js";
import { attention, begin } from "./rate_time.js";

const BASE = location.pathname.replace(/\/$/, "");
const DRAFT = 1000; // milliseconds after the last change; this browser keeps it at once
const HEARD = 1500; // milliseconds that a save waits for the server before the page goes on

let state = null;
let view = null; // of the item that is shown
let item = null;
let answered = false; // feedback to a practice item is shown
let timer = 0;

const replaced = new Map(); // what an item's answer was before the one with this id

const queue = new Queue(BASE, {
  onstate: showSaved,
  /* The item is open again, with what was done. */
  onrefused({ path, body }, reply) {
    if (path === "answers") {
      if (replaced.get(body.id)) state.answers[body.item] = replaced.get(body.id);
      else delete state.answers[body.item];
      state.drafts[body.item] = body;
      queue.keep("drafts", `draft:${body.item}`, { item: body.item, draft: body });
      showProgress();
    }
    const where = !body.item || body.item === item?.id ? ""
      : ` (item ${real().findIndex((one) => one.id === body.item) + 1})`;
    say(`${reply.error || "The server did not take this."}${where}`, reply.hint);
    $("#foot").hidden = false;
  },
  onclosed(reply) {
    if (reply.locked) return showClosed();
    say(reply.error || "This link does not work any more.", "What you did is kept in this browser. Ask who sent you the link for a new one.");
    $("#foot").hidden = false;
  },
});

function showSaved(kind, waiting) {
  const texts = {
    saved: "Saved",
    saving: "Saving …",
    offline: `Offline. Kept here: ${waiting}`,
  };
  const place = $("#saved");
  place.className = `r-${kind}`;
  if (place.textContent !== texts[kind]) place.textContent = texts[kind];
}

function say(text, hint = "") {
  $("#said").replaceChildren(...(text ? [h("strong", {}, text), hint ? ` ${hint}` : ""] : []));
}

const real = () => state.items.filter((one) => !one.tutorial);
const isDone = (one) => Boolean(state.answers[one.id]);
const stateOf = (one) => (isDone(one) ? "done" : state.drafts[one.id] ? "begun" : "open");

function showProgress() {
  const items = real();
  const count = items.filter(isDone).length;
  $("#bar").style.width = `${(100 * count) / Math.max(1, items.length)}%`;
  $("#count").textContent = `${count} of ${items.length}`;
  $("#progress").setAttribute("aria-label", `${count} of ${items.length} answered. Show all of them.`);
}

function replace(element) {
  view = null;
  $("#foot").hidden = true;
  $("#main").replaceChildren(element);
  scrollTo(0, 0);
}

async function load() {
  let reply;
  try {
    const answer = await fetch(`${BASE}/state`, { headers: { "x-verso": "rate" } });
    reply = await answer.json().catch(() => ({}));
    if (!answer.ok) return replace(closed(reply.error || "This link does not work any more.", reply.hint || "Ask who sent it to you for a new one."));
  } catch {
    replace(h("div", { class: "r-welcome r-end" }, h("h2", {}, "There is no connection."),
      h("p", {}, "Nothing is lost. Try again in a moment."),
      h("button", { type: "button", class: "r-button r-primary", onclick: load }, "Try again")));
    return null;
  }
  state = reply;
  document.title = state.campaign.name;
  $("#name").textContent = state.campaign.name;
  if (state.campaign.locked) return showClosed();
  if (!state.items.length) return replace(closed("There is nothing to review yet.", "Come back later with the same link."));
  // What this browser could not send yet is newer than what the server knows.
  for (const [, { path, body }] of queue.waiting()) {
    if (path === "answers") {
      state.answers[body.item] = body;
      delete state.drafts[body.item];
    } else if (path === "drafts") state.drafts[body.item] = body.draft;
    else if (path === "consent") state.campaign.consented = body.agree;
  }
  listen(state, page);
  $("#keys").replaceChildren(...keysDialog(state));
  for (const name of ["#progress", "#how", "#help"]) $(name).hidden = false;
  showProgress();
  queue.flush();
  const wanted = Number(location.hash.slice(1));
  if (wanted && !isAsked(state.campaign) && state.items[wanted - 1]) return open(state.items[wanted - 1]);
  return replace(welcome(state, start));
}

function showClosed() {
  for (const name of ["#progress", "#how", "#help"]) $(name).hidden = true;
  showSaved("saved", 0);
  $("#saved").textContent = "";
  const late = queue.waiting().filter(([, message]) => message.path === "answers").length;
  replace(closed("This comparison is closed. Thank you.", late ? `${late} of your answers came too late and are not in it.`
    : "Your answers are in it. There is nothing more to do."));
}

function start(agree) {
  if (agree !== null) consent(agree);
  forward();
}

function consent(agree) {
  state.campaign.consented = agree;
  queue.send("consent", "consent", { agree });
}

/* The next item without an answer: after this one, else from the beginning. */
function forward() {
  const place = item ? state.items.indexOf(item) + 1 : 0;
  const next = state.items.slice(place).find((one) => !isDone(one)) || state.items.find((one) => !isDone(one));
  if (next) return open(next);
  item = null;
  history.replaceState(null, "", BASE);
  const waiting = queue.waiting().length;
  const end = done(state, waiting, () => open(state.items[0]));
  replace(end);
  end.focus();
  return null;
}

function open(next) {
  queue.flush();
  $("#overview").close();
  item = next;
  answered = false;
  const stored = state.drafts[item.id] || state.answers[item.id];
  const work = restored(item, state.campaign.protocol, stored);
  begin(work.seconds);
  view = new ItemView({ state, item, work, open, onchange: keepDraft });
  history.replaceState(null, "", `${BASE}#${state.items.indexOf(item) + 1}`);
  say("");
  const place = state.items.indexOf(item);
  $("#previous").disabled = place === 0;
  $("#save").textContent = "Save and go on";
  $("#foot").hidden = false;
  $("#main").replaceChildren(view.element);
  view.shown();
  scrollTo(0, 0);
  // Not on a touch screen: a keyboard would come up over what is to be read.
  if (matchMedia("(pointer: fine)").matches) view.focus(0, { preventScroll: true });
  speak(item.tutorial ? "For practice" : `Item ${real().indexOf(item) + 1} of ${real().length}`);
}

function keepDraft() {
  say("");
  const draft = packed(item, view.work, state.campaign.protocol, attention());
  state.drafts[item.id] = draft;
  queue.keep("drafts", `draft:${item.id}`, { item: item.id, draft });
  clearTimeout(timer);
  timer = setTimeout(() => queue.flush(), DRAFT);
}

async function save() {
  if (!view) return $("#begin")?.click();
  if (answered) return forward();
  const mine = item;
  const before = state.answers[mine.id];
  if (before && !state.drafts[mine.id]) return forward();
  const missing = lacks(mine, view.work, state.campaign.protocol);
  if (missing) {
    say(missing.said);
    return view.lacks(missing);
  }
  clearTimeout(timer);
  const answer = { id: newId(), ...packed(mine, view.work, state.campaign.protocol, attention()) };
  queue.drop(`draft:${mine.id}`);
  delete state.drafts[mine.id];
  state.answers[mine.id] = answer;
  showProgress();
  replaced.set(answer.id, before);
  const sent = queue.send("answers", `answer:${answer.id}`, answer);
  const button = $("#save");
  button.disabled = true;
  const heard = await Promise.race([sent, new Promise((late) => setTimeout(late, HEARD))]);
  button.disabled = false;
  if (item !== mine || (heard && heard.status >= 400)) return null;
  if (mine.tutorial && heard?.reply.feedback) return showFeedback(heard.reply.feedback);
  return forward();
}

function showFeedback(feedback) {
  answered = true;
  view.feedback.replaceChildren(h("h2", {}, "How it went"), ...feedback.map((line) => h("p", {}, line)));
  view.feedback.hidden = false;
  view.feedback.focus();
  view.feedback.scrollIntoView({ block: "nearest" });
  $("#save").textContent = "Go on";
}

const page = {
  view: () => view,
  save,
  step(by) {
    const next = state.items[state.items.indexOf(item) + by];
    if (next) open(next);
  },
  overview() {
    const dialog = $("#overview");
    dialog.replaceChildren(...overviewDialog(state, item, stateOf, open));
    dialog.showModal();
  },
  how() {
    const dialog = $("#instructions");
    dialog.replaceChildren(...instructionsDialog(state, consent));
    dialog.showModal();
  },
  keys: () => $("#keys").showModal(),
};

$("#save").addEventListener("click", save);
$("#previous").addEventListener("click", () => page.step(-1));
$("#progress").addEventListener("click", page.overview);
$("#how").addEventListener("click", page.how);
$("#help").addEventListener("click", page.keys);
for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
addEventListener("pagehide", () => queue.flush());
addEventListener("hashchange", () => {
  const wanted = state?.items[Number(location.hash.slice(1)) - 1];
  if (wanted && wanted !== item) open(wanted);
});

load();
