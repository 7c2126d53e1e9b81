/* One item on the page: its source, the cards of its outputs, and what is asked of all of them. */
import { $, h, speak } from "./rate_dom.js";
import { Card } from "./rate_cards.js";
import { asked, letter } from "./rate_protocols.js";
import { sourcePanel } from "./rate_source.js";
import { differences } from "./rate_text.js";

const kept = { whole: false, different: false }; // from item to item, for this visit

export class ItemView {
  /* work: of the item, changed in place. onchange(): the reviewer changed something.
     open(item): go to another item. */
  constructor({ state, item, work, onchange, open }) {
    Object.assign(this, { state, item, work, onchange, open });
    this.rules = asked(state.campaign.protocol);
    const several = item.outputs.length > 1;
    this.cards = item.outputs.map((output, place) => new Card({
      output,
      place,
      judgement: work.judgements[output.id],
      state,
      several,
      onchange: () => this.#changed(),
      onsentence: (at) => this.#read(place + 1, at),
    }));
    this.active = 0;
    this.reading = { side: 0, bead: null }; // the sentence that is lit, and where it is read
    this.feedback = h("div", { class: "r-feedback", id: "feedback", tabindex: -1, hidden: true });
    this.place = h("div", { class: "r-place" });
    this.element = h("div", { class: `r-item${this.rules.side ? " r-side" : ""}` },
      item.tutorial && h("p", { class: "r-practice" }, h("strong", {}, "For practice. "),
        "Try everything: it does not count, and you are told how it went."),
      this.place,
      h("section", { id: "outputs", class: "r-outputs", "aria-label": several ? "Translations" : "Translation", "data-count": item.outputs.length },
        this.#tools(several),
        h("div", { class: "r-cards" }, this.cards.map((card) => card.element)),
        this.rules.choice && this.#choice(),
        this.#note(),
        this.feedback));
    this.element.addEventListener("focusin", (event) => {
      const card = event.target.closest(".r-card");
      if (card) this.active = Number(card.dataset.place);
    });
    this.#source();
    this.#align();
    if (several) this.different(kept.different);
  }

  /* After the page has it: what needs to know its size. */
  shown() {
    for (const card of this.cards) card.fit?.();
  }

  #changed() {
    this.element.querySelectorAll(".r-lacks").forEach((card) => card.classList.remove("r-lacks"));
    this.onchange();
  }

  #source() {
    const panel = sourcePanel({
      state: this.state,
      item: this.item,
      whole: kept.whole,
      onwhole: () => this.whole(),
      onsentence: (at) => this.#read(0, at),
      open: this.open,
    });
    this.source = panel.text;
    this.place.replaceChildren(panel.element);
    this.#align();
  }

  whole() {
    kept.whole = !kept.whole;
    const had = document.activeElement?.id === "whole";
    this.#source();
    if (had) $("#whole")?.focus();
    if (kept.whole) this.element.querySelector(".r-here").scrollIntoView({ block: "center" });
  }

  /* alignment: [[start, end, [[start, end] of each output]]] */
  #align() {
    const beads = this.item.alignment || [];
    this.sides = [this.source, ...this.cards.map((card) => card.text)];
    this.beads = beads.map(([start, end, targets]) => [[start, end], ...targets]);
    this.sides.forEach((text, side) => {
      text.sentences = this.beads.map((bead) => bead[side]).filter(Boolean);
      text.render();
    });
  }

  #read(side, at) {
    const bead = at === null ? null : this.beads.find((one) => one[side] && one[side][0] <= at && at < one[side][1]) || null;
    if (bead === this.reading.bead && side === this.reading.side) return;
    this.reading = { side, bead };
    // One sentence alone is all of the text: nothing to point at.
    this.sides.forEach((text, k) => text.light(bead && this.beads.length > 1 && k !== side ? bead[k] : null));
  }

  #tools(several) {
    if (!several) return null;
    this.toggle = h("button", { type: "button", class: "r-chip", "aria-pressed": "false", "aria-keyshortcuts": "h",
      onclick: () => this.different(!kept.different) }, "Show differences");
    return h("div", { class: "r-above" }, this.toggle);
  }

  different(on = !kept.different) {
    if (!this.toggle) return;
    kept.different = on;
    this.toggle.setAttribute("aria-pressed", String(on));
    const parts = on ? differences(this.item.outputs.map((output) => output.text), this.state.campaign.target) : [];
    this.cards.forEach((card, k) => {
      card.text.different = parts[k] || [];
      card.text.render();
    });
  }

  #choice() {
    const outputs = this.item.outputs.map(({ id }, k) => [id, `${letter(k)} is better`, letter(k).toLowerCase()]);
    const options = [...outputs, ["tie", "Tie", "t"], ["both-bad", this.item.outputs.length > 2 ? "All bad" : "Both bad", "x"]];
    return h("fieldset", { class: "r-choice" },
      h("legend", { class: "r-away" }, "Which one is better"),
      options.map(([value, label, key]) => h("label", {},
        h("input", { type: "radio", name: "choice", value, checked: this.work.choice === value, "data-key": key,
          onchange: () => {
            this.work.choice = value;
            this.#changed();
          } }),
        h("span", {}, h("kbd", { "aria-hidden": "true" }, key.toUpperCase()), label))));
  }

  choose(key) {
    const input = this.element.querySelector(`.r-choice input[data-key="${key}"]`);
    input?.focus();
    input?.click();
    return Boolean(input);
  }

  #note() {
    const area = h("textarea", { rows: 2, value: this.work.note, maxlength: 2000, "aria-label": "Note",
      oninput: () => {
        this.work.note = area.value;
        this.#changed();
      } });
    return h("details", { class: "r-note", open: Boolean(this.work.note) },
      h("summary", {}, "Add a note"), area);
  }

  get card() {
    return this.cards[this.active];
  }

  focus(place = this.active, options = {}) {
    this.active = Math.min(place, this.cards.length - 1);
    this.card.focus(options);
  }

  /* The score box of the next card; false after the last. */
  nextScore() {
    const boxes = [...this.element.querySelectorAll(".r-number")];
    const next = boxes[boxes.indexOf(document.activeElement) + 1];
    next?.focus();
    return Boolean(next);
  }

  lacks({ output, said }) {
    const card = output === undefined ? null : this.cards[output];
    card?.element.classList.add("r-lacks");
    const first = card ? card.element.querySelector(".r-number, .r-verdict input, select, textarea") : this.element.querySelector(".r-choice input");
    first?.focus();
    first?.scrollIntoView({ block: "center" });
    speak(said);
  }
}
