/* What is not an item: the welcome, the dialogs, the end. */
import { h, prose } from "./rate_dom.js";
import { anchors } from "./rate_cards.js";

const cross = () => h("form", { method: "dialog" }, h("button", { class: "r-cross", "aria-label": "Close" }, "×"));

function scaleOf(state) {
  const rows = anchors(state.scale);
  return rows.length ? h("dl", { class: "r-scale" }, rows.flatMap(([value, label]) => [h("dt", {}, value), h("dd", {}, label)])) : null;
}

export const isAsked = ({ consent, consented }) => Boolean(consent) && typeof consented !== "boolean";

/* Whether the answers may also be used otherwise. onpick(agree) */
function consent({ consent: text, consented }, title, onpick) {
  const choice = (value, label, checked) => h("label", {}, h("input", { type: "radio", name: "consent", value, required: true, checked,
    onchange: () => onpick(value === "yes") }), h("span", {}, label));
  return h("fieldset", { class: "r-consent" }, h("legend", {}, title), prose(text),
    h("div", { class: "r-choice" }, choice("yes", "Yes", consented === true), choice("no", "No", consented === false)));
}

/* begin(agree): the reviewer has read it; agree is null where nothing was asked. */
export function welcome(state, begin) {
  const { campaign } = state;
  let agree = null;
  const count = state.items.filter((item) => !item.tutorial).length;
  const started = state.progress.done > 0;
  return h("form", { class: "r-welcome", onsubmit: (event) => {
    event.preventDefault();
    begin(agree);
  } },
  h("p", { class: "r-over" }, `${campaign.source_name} to ${campaign.target_name} · ${count} ${count === 1 ? "item" : "items"}`),
  h("h2", {}, campaign.name),
  h("div", { class: "r-prose" }, prose(campaign.instructions)),
  scaleOf(state),
  isAsked(campaign) && consent(campaign, "Before you begin", (picked) => { agree = picked; }),
  h("p", { class: "r-soft" }, "Each answer is kept at once. You can stop at any time and go on later, here or on another device, with the same link.", h("span", { class: "r-keyhint" }, " Press ? for the keys.")),
  h("button", { class: "r-button r-primary", id: "begin" }, started ? "Go on" : "Begin"));
}

/* onpick(agree): the reviewer thought again. */
export function instructionsDialog(state, onpick) {
  return [
    h("header", {}, h("h2", { id: "instructions-title" }, "What to do"), cross()),
    h("div", { class: "r-prose" }, prose(state.campaign.instructions)),
    scaleOf(state),
    state.campaign.consent && consent(state.campaign, "Your answers", onpick),
  ].filter(Boolean);
}

/* stateOf(item): "done", "begun" or "open". */
export function overviewDialog(state, current, stateOf, open) {
  const words = { done: "answered", begun: "begun", open: "not begun" };
  let number = 0;
  const button = (item) => {
    number += item.tutorial ? 0 : 1;
    const name = item.tutorial ? "Practice" : String(number);
    const how = stateOf(item);
    return h("button", { type: "button", class: `r-tick r-${how}`, "aria-current": item === current ? "true" : null,
      "aria-label": `${name}, ${words[how]}`, onclick: () => open(item) }, name);
  };
  const groups = [];
  for (const item of state.items) {
    const key = item.tutorial ? "tutorial" : item.document;
    if (groups.at(-1)?.key !== key) groups.push({ key, items: [] });
    groups.at(-1).items.push(item);
  }
  const titled = (group) => (group.key === "tutorial" ? "For practice"
    : state.documents.find((one) => one.id === group.key)?.title || "Text");
  return [
    h("header", {}, h("h2", { id: "overview-title" }, "All of your items"), cross()),
    h("p", { class: "r-legend" }, h("i", { class: "r-done" }), "answered", h("i", { class: "r-begun" }), "begun", h("i", {}), "not begun"),
    h("div", { class: "r-map" }, groups.map((group) => h("section", {}, h("h3", {}, titled(group)), h("div", {}, group.items.map(button))))),
  ];
}

export function done(state, waiting, back) {
  return h("div", { class: "r-welcome r-end", tabindex: -1 },
    h("h2", {}, "That was the last one. Thank you."),
    h("p", {}, waiting ? "Some answers are still on their way: keep this page open until it says that all is saved."
      : "All of your answers are saved. Until the comparison is closed you can look at them again and change them."),
    h("button", { type: "button", class: "r-button", onclick: back }, "Look at my answers"));
}

export function closed(title, text) {
  return h("div", { class: "r-welcome r-end" }, h("h2", {}, title), h("p", {}, text));
}
