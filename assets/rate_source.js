/* The document around the item: the source segment among its neighbours. */
import { h } from "./rate_dom.js";
import { MarkedText } from "./rate_marked.js";
import { letter } from "./rate_protocols.js";

const BEFORE = 2; // neighbours that are shown without asking
const AFTER = 1;

/* The panel of a source: {element, text}, text being lit when a translation is read.
   onsentence(place | null): over which place of the source the pointer is.
   open(item): go to another item. */
export function sourcePanel({ state, item, whole, onwhole, onsentence, open }) {
  const { source: lang, source_dir: dir } = state.campaign;
  const document_ = state.documents.find((one) => one.id === item.document);
  // Examples are no text: each stands for itself.
  const sources = (document_?.sources || []).filter((one) => !item.tutorial || one.position === item.position);
  const here = sources.findIndex((one) => one.position === item.position);
  const source = sources[here];
  const text = new MarkedText({ text: source?.text || "", lang, dir: dir || "auto", label: "source", severities: null, onsentence });
  const inDocument = (one) => state.items.find((other) =>
    other.document === item.document && other.position === one.position && !other.tutorial);
  const neighbour = (one) => {
    const other = inDocument(one);
    if (!other) return h("p", { class: "r-near", lang, dir: dir || "auto" }, one.text);
    return h("details", { class: "r-near" },
      h("summary", { lang, dir: dir || "auto", title: "Show its translations" }, one.text),
      h("div", { class: "r-others" },
        other.outputs.map((output, k) => h("p", {}, other.outputs.length > 1 && h("b", {}, letter(k)),
          h("span", { lang: state.campaign.target, dir: state.campaign.target_dir || "auto" }, output.text))),
        h("button", { type: "button", class: "r-plain", onclick: () => open(other) }, "Go to this one")));
  };
  const [from, to] = whole ? [0, sources.length] : [Math.max(0, here - BEFORE), here + 1 + AFTER];
  const hidden = sources.length - (Math.min(to, sources.length) - from);
  const more = (hidden > 0 || whole) && sources.length > BEFORE + AFTER + 1
    && h("button", { type: "button", class: "r-plain", id: "whole", "aria-pressed": String(Boolean(whole)), onclick: onwhole },
      whole ? "Nearby only" : `Whole text (${sources.length} parts)`);
  const element = h("section", { class: "r-source", "aria-label": "Source" },
    h("header", {}, h("h2", {}, document_?.title || "Source"), more),
    sources.slice(from, here).map(neighbour),
    h("div", { class: "r-here", "aria-current": "true" },
      text.element,
      source?.reference && h("div", { class: "r-reference" }, h("h3", {}, "Reference"),
        h("p", { lang: state.campaign.target, dir: state.campaign.target_dir || "auto" }, source.reference))),
    sources.slice(here + 1, to).map(neighbour));
  return { element, text };
}
