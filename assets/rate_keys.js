/* All keys of the page in one place, and the dialog that shows them. */
import { h } from "./rate_dom.js";
import { asked } from "./rate_protocols.js";

/* What keys do: {key: [what, action(view)]}, by what the protocol asks. */
function actions(rules, page) {
  const letters = ["a", "b", "c", "d"];
  const all = {};
  for (const [k, key] of letters.entries())
    all[key] = rules.choice ? (view) => view.choose(key) : (view) => view.focus(k);
  if (rules.choice) {
    all.t = (view) => view.choose("t");
    all.x = (view) => view.choose("x");
  }
  if (rules.verdict) for (let k = 0; k < 4; k++) all[k + 1] = (view) => view.card.choose(k);
  if (rules.edit) all.e = (view) => view.focus();
  if (rules.severities) all.m = (view) => view.card.missing();
  if (rules.categories) all.k = (view) => view.card.category();
  if (rules.score) all.s = (view) => view.card.element.querySelector(".r-number").select();
  return {
    ...all,
    h: (view) => view.different(),
    w: (view) => view.whole(),
    n: () => page.step(1),
    p: () => page.step(-1),
    o: () => page.overview(),
    i: () => page.how(),
    "?": () => page.keys(),
  };
}

function told(rules, several) {
  const marking = [
    [["← →", "↑ ↓"], "go from word to word"],
    [["Shift"], "and an arrow: more words"],
    [["Space"], rules.categories ? "mark; again: graver, then gone" : "mark; again: major, then gone"],
    [rules.categories ? ["1", "2", "3"] : ["1", "2"], rules.categories ? "minor, major, critical" : "minor, major"],
    [["Delete"], "take the mark away"],
    [["M"], "something is missing"],
    ...(rules.categories ? [[["K"], "choose the kind of error"]] : []),
  ];
  const answer = [
    ...(rules.choice ? [[["A", "B"], "this one is better"], [["T"], "tie"], [["X"], "both bad"]] : []),
    ...(rules.verdict ? [[["A", "B", "…"], "go to a translation"], [["1", "2", "3", "4"], "as it is, light edit, heavy edit, redo"]] : []),
    ...(rules.score ? [...(several ? [[["A", "B", "…"], "go to a translation"]] : []), [["S"], "go to the score"], [["Enter"], several ? "in a score: the next one" : "in the score: save and go on"]] : []),
    ...(rules.edit ? [[["E"], "go to your text"], [["Esc"], "leave your text"]] : []),
    [["Ctrl", "Enter"], "save and go on"],
  ];
  const around = [
    ...(several ? [[["H"], "show where they differ"]] : []),
    [["W"], "whole text, or nearby only"],
    [["N"], "next, without saving"],
    [["P"], "the one before"],
    [["O"], "all of your items"],
    [["I"], "what to do"],
    [["?"], "these keys"],
  ];
  return [...(rules.severities ? [["In a translation", marking]] : []), ["Answer", answer], ["Around", around]];
}

export function keysDialog(state) {
  const rules = asked(state.campaign.protocol);
  return [
    h("header", {}, h("h2", { id: "keys-title" }, "Keys"), h("form", { method: "dialog" },
      h("button", { class: "r-cross", "aria-label": "Close" }, "×"))),
    h("div", { class: "r-keymap" }, told(rules, rules.side).map(([title, rows]) =>
      h("section", {}, h("h3", {}, title), h("dl", {}, rows.flatMap(([keys, what]) => [
        h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, what)]))))),
  ];
}

/* page: {view, save, step, overview, how, keys}; view is null where no item is shown. */
export function listen(state, page) {
  const known = actions(asked(state.campaign.protocol), page);
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const view = page.view();
    const { target } = event;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      page.save();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !view) return;
    if (event.key === "Escape" && target.matches("textarea, .r-number")) {
      target.blur();
      return;
    }
    if (target.matches(".r-number") && event.key === "Enter") {
      event.preventDefault();
      if (!view.nextScore()) page.save();
      return;
    }
    // Letters are no part of a score; everywhere else that one types they are text.
    const score = target.matches(".r-number") && !/^[0-9.,e+-]$/.test(event.key);
    if (target.matches("textarea, select, input:not([type=range], [type=radio])") && !score) return;
    const action = known[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action(view);
  });
}
