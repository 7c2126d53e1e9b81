/* A text in which errors are marked: by dragging, by a double click on a word, by a click on a
   mark (minor, major, gone), or by keys with a cursor that goes from word to word. */
import { h, speak } from "./rate_dom.js";
import { cycle, mark, remove, spanAt } from "./rate_spans.js";
import { points, units, words } from "./rate_text.js";

const DRAG = 4; // pixels before a press is a drag

export class MarkedText {
  /* severities: those that a click goes through, or null where nothing is marked.
     onchange(spans): the reviewer changed them. onsentence(place | null): over which place the
     pointer or the cursor is. */
  constructor({ text, lang, dir, label, severities, tail, onchange, onsentence }) {
    this.chars = points(text);
    this.units = units(text, lang);
    this.words = words(text, lang);
    this.rtl = dir === "rtl";
    this.label = label;
    this.severities = severities;
    this.onchange = onchange;
    this.onsentence = onsentence;
    this.spans = [];
    this.different = [];
    this.sentences = []; // [[start, end]], for hovering
    this.anchor = this.head = 0; // words: from where and to where keys have selected
    this.tail = tail; // stays at the end of the text
    this.element = h("div", { class: "r-text", lang, dir, id: `text-${label}` });
    if (severities) this.#listen();
    this.element.addEventListener("pointerover", (event) => this.onsentence?.(this.#place(event.target)));
    // A finger that is lifted leaves too: what it touched stays lit, to be read.
    this.element.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.onsentence?.(null));
    this.render();
  }

  show(spans) {
    this.spans = spans;
    this.render();
  }

  render() {
    const cuts = new Set([0, this.chars.length]);
    const every = [...this.units, ...this.different, ...this.spans.filter((span) => !span.missing)];
    for (const part of every) cuts.add(part.start).add(part.end);
    for (const [start, end] of this.sentences) cuts.add(start).add(end);
    const places = [...cuts].filter((place) => place <= this.chars.length).sort((a, b) => a - b);
    const keyed = this.severities && this.words.length ? this.#selected() : null;
    const content = [];
    let open = null; // the mark that pieces go into
    for (let i = 0; i + 1 < places.length; i++) {
      const [start, end] = [places[i], places[i + 1]];
      const piece = h("span", { "data-at": start, class: this.#classes(start, end, keyed) },
        this.chars.slice(start, end).join(""));
      const span = spanAt(this.spans, start);
      if (!span) {
        open = null;
        content.push(piece);
      } else if (open?.span === span) open.element.append(piece);
      else {
        open = { span, element: h("mark", { class: `r-${span.severity}`, title: title(span) }, piece) };
        content.push(open.element);
      }
    }
    this.element.replaceChildren(...content, ...(this.tail ? [" ", this.tail] : []));
  }

  #classes(start, end, keyed) {
    const difference = this.different.find((part) => part.start <= start && end <= part.end);
    const classes = [
      difference && (difference.all ? "r-differs r-alone" : "r-differs"),
      this.drawn && this.drawn.start <= start && end <= this.drawn.end && "r-drawn",
      keyed && keyed.start <= start && end <= keyed.end && "r-cursor",
    ].filter(Boolean);
    return classes.join(" ") || null;
  }

  /* Light up [start, end), the sentence that is read elsewhere. */
  light(range) {
    let end = range?.[1];
    while (range && end > range[0] && !this.chars[end - 1].trim()) end -= 1;
    for (const piece of this.element.querySelectorAll("[data-at]")) {
      const place = Number(piece.dataset.at);
      piece.classList.toggle("r-read", Boolean(range) && range[0] <= place && place < end);
    }
  }

  #place(target) {
    const piece = target.closest?.("[data-at]");
    return piece && this.element.contains(piece) ? Number(piece.dataset.at) : null;
  }

  #change(spans, said) {
    this.spans = spans;
    this.render();
    this.onchange(spans);
    speak(said);
  }

  #unitAt(place) {
    return this.units.find((unit) => unit.start <= place && place < unit.end)
      || this.units.find((unit) => unit.start > place) || this.units.at(-1);
  }

  #listen() {
    const root = this.element;
    root.tabIndex = 0;
    // An application, so that a screen reader leaves the arrow keys to the page.
    root.setAttribute("role", "application");
    root.setAttribute("aria-roledescription", "text to mark errors in");
    root.setAttribute("aria-label", `Translation ${this.label}: ${this.chars.join("")}`);
    let from = null;
    let dragging = false;
    let presses = []; // whether the last two were on a mark, whose clicks change it
    const under = (event) => {
      const place = this.#place(document.elementFromPoint(event.clientX, event.clientY) || root);
      return place === null ? null : this.#unitAt(place);
    };
    root.addEventListener("pointerdown", (event) => {
      root.classList.remove("r-keyed");
      if (event.button || event.target.closest("button")) return;
      const unit = under(event);
      from = unit && { unit, x: event.clientX, y: event.clientY, mark: event.target.closest("mark") };
      dragging = false;
      presses = [presses.at(-1), Boolean(from?.mark)];
    });
    root.addEventListener("pointermove", (event) => {
      if (!from) return;
      if (!dragging && Math.hypot(event.clientX - from.x, event.clientY - from.y) < DRAG) return;
      if (!dragging) root.setPointerCapture(event.pointerId);
      dragging = true;
      const unit = under(event);
      if (!unit) return;
      const drawn = { start: Math.min(from.unit.start, unit.start), end: Math.max(from.unit.end, unit.end) };
      if (this.drawn?.start === drawn.start && this.drawn?.end === drawn.end) return;
      this.drawn = drawn;
      this.render();
    });
    root.addEventListener("pointerup", () => {
      const { drawn } = this;
      const start = from;
      from = this.drawn = null;
      if (!start) return;
      this.anchor = this.head = Math.max(0, this.words.findLastIndex((word) => word.start <= start.unit.start));
      const span = spanAt(this.spans, start.unit.start);
      if (dragging && drawn) this.#change(mark(this.spans, drawn.start, drawn.end), "Marked.");
      else if (!dragging && start.mark && span) this.#cycle(span);
    });
    // The browser scrolls instead, or a menu opened: nothing was marked.
    root.addEventListener("pointercancel", () => {
      from = this.drawn = null;
      this.render();
    });
    root.addEventListener("dblclick", (event) => {
      const unit = under(event);
      const word = unit && (this.words.find((one) => one.start <= unit.start && unit.end <= one.end) || unit);
      if (word && !presses.includes(true) && !spanAt(this.spans, word.start))
        this.#change(mark(this.spans, word.start, word.end), "Marked.");
    });
    root.addEventListener("selectstart", (event) => event.preventDefault());
    root.addEventListener("focus", () => this.#told());
    root.addEventListener("blur", () => this.onsentence?.(null));
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  #cycle(span) {
    const spans = cycle(this.spans, span, this.severities);
    this.#change(spans, spanAt(spans, span.start)?.severity || "Mark removed");
  }

  #selected() {
    const [first, last] = [this.anchor, this.head].sort((a, b) => a - b);
    return { start: this.words[first].start, end: this.words[last].end };
  }

  /* Where the error begins that the cursor is in, or null. */
  cursor() {
    const span = this.words.length ? spanAt(this.spans, this.#selected().start) : null;
    return span ? span.start : null;
  }

  #told() {
    if (!this.words.length) return;
    const { start, end } = this.#selected();
    const span = spanAt(this.spans, start);
    speak(this.chars.slice(start, end).join("") + (span ? `, ${span.severity} error` : ""));
    this.onsentence?.(start);
  }

  #move(to, extend) {
    this.head = Math.max(0, Math.min(this.words.length - 1, to));
    if (!extend) this.anchor = this.head;
    this.render();
    this.#told();
    this.element.querySelector(".r-cursor")?.scrollIntoView({ block: "nearest" });
  }

  /* The word nearest to the cursor on the line above or below. */
  #line(by) {
    const boxes = this.words.map((word) => this.element.querySelector(`[data-at="${word.start}"]`).getBoundingClientRect());
    const here = boxes[this.head];
    const beyond = boxes.map((box, i) => ({ box, i })).filter(({ box }) => (box.top - here.top) * by > here.height / 2);
    if (!beyond.length) return this.head;
    const line = by > 0 ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top));
    const middle = (box) => (box.left + box.right) / 2;
    const near = beyond.filter(({ box }) => Math.abs(box.top - line) < here.height / 2);
    return near.reduce((best, one) =>
      Math.abs(middle(one.box) - middle(here)) < Math.abs(middle(best.box) - middle(here)) ? one : best).i;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.element || !this.words.length) return;
    const forward = this.rtl ? "ArrowLeft" : "ArrowRight";
    const back = this.rtl ? "ArrowRight" : "ArrowLeft";
    const { start, end } = this.#selected();
    const span = spanAt(this.spans, start);
    const one = this.anchor === this.head;
    const grade = this.severities["123".indexOf(event.key)];
    const act = {
      [forward]: () => this.#move(this.head + 1, event.shiftKey),
      [back]: () => this.#move(this.head - 1, event.shiftKey),
      ArrowDown: () => this.#move(this.#line(1), event.shiftKey),
      ArrowUp: () => this.#move(this.#line(-1), event.shiftKey),
      Home: () => this.#move(0, event.shiftKey),
      End: () => this.#move(this.words.length - 1, event.shiftKey),
      Escape: () => !one && this.#move(this.head, false),
      Delete: () => span && this.#change(remove(this.spans, span), "Mark removed"),
      " ": () => (one && span ? this.#cycle(span) : this.#change(mark(this.spans, start, end), "Marked as minor")),
    };
    act.Enter = act[" "];
    act.Backspace = act.Delete;
    const action = act[event.key] || (grade && (() => this.#change(mark(this.spans, start, end, grade), grade)));
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    const known = this.element.classList.contains("r-keyed");
    this.element.classList.add("r-keyed");
    // The first arrow shows where the cursor is.
    if (!known && event.key.startsWith("Arrow") && !event.shiftKey) this.#move(this.head, false);
    else action();
    if (event.key === " " || grade) this.anchor = this.head;
    this.render();
  }
}

const title = (span) =>
  `${span.severity[0].toUpperCase()}${span.severity.slice(1)} error${span.category ? `, ${span.category}` : ""}. Click to change.`;
