/* The card of one output: its text, and what the protocol asks of it. */
import { h } from "./rate_dom.js";
import { MarkedText } from "./rate_marked.js";
import { asked, letter } from "./rate_protocols.js";
import { change, counted, cycleMissing, missingOf, remove } from "./rate_spans.js";
import { changes, points } from "./rate_text.js";

const OMISSION = "accuracy/omission";

export class Card {
  /* judgement: of the work, changed in place. onchange(): after each change. */
  constructor({ output, place, judgement, state, several, onchange, onsentence }) {
    this.output = output;
    this.judgement = judgement;
    this.rules = asked(state.campaign.protocol);
    this.state = state;
    this.name = several ? letter(place) : "";
    this.place = place;
    this.onchange = onchange;
    const { target, target_dir: dir } = state.campaign;
    this.count = h("span", { class: "r-count" });
    this.chip = this.rules.severities && h("button", { type: "button", class: "r-missing", onclick: () => this.missing() }, "[missing]");
    this.text = new MarkedText({
      text: output.text,
      lang: target,
      dir: dir || "auto",
      label: letter(place),
      severities: this.rules.severities,
      tail: this.chip,
      onchange: (spans) => this.#set({ spans }),
      onsentence,
    });
    this.list = this.rules.categories && h("ul", { class: "r-errors" });
    this.element = h("section", { class: "r-card", "data-place": place, "aria-label": several ? `Translation ${this.name}` : "Translation" },
      h("header", {}, h("h2", {}, several ? this.name : "Translation"), this.count),
      this.text.element,
      this.list,
      this.rules.edit && this.#editor(target, dir),
      this.rules.score && this.#score(),
      this.rules.verdict && this.#verdict());
    this.#show();
  }

  #set(fields) {
    Object.assign(this.judgement, fields);
    this.#show();
    this.onchange();
  }

  #show() {
    const { spans } = this.judgement;
    this.text.show(spans);
    this.count.textContent = counted(spans);
    if (this.chip) {
      const span = missingOf(spans);
      this.chip.className = `r-missing${span ? ` r-${span.severity}` : ""}`;
      this.chip.title = "Something of the source is missing here";
      this.chip.setAttribute("aria-label", `Missing in translation ${this.name}: ${span ? span.severity : "nothing"}`);
    }
    if (this.list) this.#errors();
  }

  missing() {
    const category = this.rules.categories ? OMISSION : "";
    this.#set({ spans: cycleMissing(this.judgement.spans, this.rules.severities, category) });
  }

  /* Score */

  #score() {
    const { score } = this.judgement;
    const named = `Score of translation ${this.name}`;
    const anchor = h("p", { class: "r-anchor", id: `anchor-${this.place}` });
    const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: score ?? 50,
      "aria-label": named, "aria-describedby": anchor.id });
    const number = h("input", { type: "number", min: 0, max: 100, step: 1, inputmode: "numeric", placeholder: "–",
      value: score ?? "", "aria-label": `${named}, 0 to 100`, class: "r-number" });
    const show = () => {
      const value = this.judgement.score;
      slider.classList.toggle("r-unset", value === null);
      slider.style.setProperty("--at", `${value ?? 0}%`);
      slider.setAttribute("aria-valuetext", value === null ? "no score yet" : `${value}`);
      anchor.textContent = value === null ? "Slide, or type a number." : nearest(this.state.scale, value);
    };
    const put = (value) => {
      this.judgement.score = value;
      if (value !== null) slider.value = value;
      show();
      this.onchange();
    };
    slider.addEventListener("input", () => {
      number.value = slider.value;
      put(Number(slider.value));
    });
    // A press without a move is a score too, also where the knob would have been.
    slider.addEventListener("pointerup", () => {
      if (this.judgement.score === null) slider.dispatchEvent(new Event("input"));
    });
    number.addEventListener("input", () => {
      const value = Number(number.value);
      const good = number.value !== "" && value >= 0 && value <= 100;
      number.setAttribute("aria-invalid", String(number.value !== "" && !good));
      put(good ? Math.round(value * 10) / 10 : null);
    });
    show();
    return h("div", { class: "r-score" },
      h("div", { class: "r-slide" }, slider, h("div", { class: "r-ticks", "aria-hidden": "true" },
        anchors(this.state.scale).map(([at]) => h("i", { "data-at": at })))),
      number, anchor);
  }

  /* Deliver as is, or what else it needs */

  #verdict() {
    return h("fieldset", { class: "r-verdict" },
      h("legend", { class: "r-away" }, `What translation ${this.name} needs`),
      this.state.verdicts.map(({ id, title, help }, k) =>
        h("label", { title: help },
          h("input", { type: "radio", name: `verdict-${this.place}`, value: id,
            checked: this.judgement.verdict === id, onchange: () => this.#set({ verdict: id }) }),
          h("span", {}, h("kbd", { "aria-hidden": "true" }, k + 1), title))));
  }

  choose(k) {
    this.element.querySelectorAll(".r-verdict input")[k]?.click();
  }

  /* The kinds of errors (MQM) */

  #errors() {
    const chars = points(this.output.text);
    const held = document.activeElement?.closest?.(".r-errors") === this.list ? document.activeElement.name : null;
    this.list.replaceChildren(...this.judgement.spans.map((span, k) => {
      const set = (fields) => this.#set({ spans: change(this.judgement.spans, span, fields) });
      const quoted = span.missing ? "Something is missing" : `“${chars.slice(span.start, span.end).join("")}”`;
      return h("li", { class: `r-${span.severity}`, "data-start": span.start },
        h("q", { lang: span.missing ? "en" : this.state.campaign.target, dir: "auto" }, quoted),
        select(`severity-${k}`, `How grave: ${quoted}`, this.rules.severities.map((one) => [one, one[0].toUpperCase() + one.slice(1)]),
          span.severity, (severity) => set({ severity })),
        select(`category-${k}`, `Kind of error: ${quoted}`, this.state.categories, span.category, (category) => set({ category }), "Choose a kind"),
        h("button", { type: "button", class: "r-cross", "aria-label": `Remove ${quoted}`,
          onclick: () => this.#set({ spans: remove(this.judgement.spans, span) }) }, "×"));
    }));
    if (held) this.list.querySelector(`[name="${held}"]`)?.focus();
  }

  /* The list of the error that the cursor is in. */
  category() {
    const at = this.text.cursor();
    const row = [...(this.list?.children || [])].find((one) => Number(one.dataset.start) === at) || this.list?.firstElementChild;
    row?.querySelector("[name^=category]")?.focus();
  }

  /* Post-editing */

  #editor(lang, dir) {
    const before = this.output.text;
    const area = h("textarea", { class: "r-edit", lang, dir: dir || "auto", spellcheck: "true", value: this.judgement.edit ?? before,
      "aria-label": "Your text", "aria-keyshortcuts": "e" });
    const shown = h("p", { class: "r-changes", lang, dir: dir || "auto" });
    const back = h("button", { type: "button", class: "r-plain" }, "Back to the given text");
    const show = () => {
      const parts = changes(before, area.value, lang);
      back.hidden = area.value === before;
      shown.replaceChildren(...(area.value === before ? [h("span", { class: "r-same", lang: "en", dir: "ltr" }, "No changes yet. If nothing needs one, save it as it is.")]
        : parts.map(({ kind, text }) => h(kind === "gone" ? "del" : kind === "new" ? "ins" : "span", {}, text))));
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    const set = () => {
      this.judgement.edit = area.value;
      show();
      this.onchange();
    };
    // Inputs are counted, not keys: so a touch keyboard and an input method count too.
    area.addEventListener("input", () => {
      this.judgement.keystrokes += 1;
      set();
    });
    back.addEventListener("click", () => {
      area.value = before;
      set();
      area.focus();
    });
    this.fit = show;
    show();
    return h("div", { class: "r-editing" },
      h("h2", {}, "Your text"), area, h("div", { class: "r-under" }, h("h3", {}, "What you changed"), back), shown);
  }

  /* Where the work begins in this card. */
  focus(options) {
    const first = this.rules.edit ? "textarea" : this.rules.severities ? ".r-text" : this.rules.score ? "input[type=number]"
      : "input[type=radio]:checked, input[type=radio]";
    this.element.querySelector(first)?.focus(options);
  }
}

/* options: [[id, text, group?]] */
function select(name, label, options, value, onpick, empty) {
  const option = ([id, text]) => h("option", { value: id, selected: id === value }, text);
  const groups = [];
  for (const [id, text, group] of options) {
    if (group && groups.at(-1)?.label !== group) groups.push(h("optgroup", { label: group }));
    if (group) groups.at(-1).append(option([id, text]));
    else groups.push(option([id, text]));
  }
  return h("select", { name, "aria-label": label, onchange: (event) => onpick(event.target.value) },
    empty && h("option", { value: "", selected: !value, disabled: true }, empty), groups);
}

/* [[value, label]] of a scale. */
export const anchors = (scale) => (scale?.anchors || []).map((one) => [one.value, one.label]);

function nearest(scale, value) {
  const best = anchors(scale).reduce((near, one) =>
    !near || Math.abs(one[0] - value) < Math.abs(near[0] - value) ? one : near, null);
  return best ? best[1] : "";
}
