/* What each protocol asks of a reviewer, and whether an answer is whole. */
import { ALL_SEVERITIES, SEVERITIES } from "./rate_spans.js";

const ASKED = {
  "contrastive-esa": { side: true, severities: SEVERITIES, score: true },
  esa: { severities: SEVERITIES, score: true },
  da: { score: true },
  mqm: { severities: ALL_SEVERITIES, categories: true },
  pairwise: { side: true, choice: true },
  "post-edit": { edit: true },
  deliver: { side: true, verdict: true },
};
export const asked = (protocol) => ASKED[protocol] || ASKED.esa;

const LETTERS = "ABCDEFGH";
export const letter = (index) => LETTERS[index] || String(index + 1);

/* The work on an item as nobody has begun it. */
export function blank(item, protocol) {
  const judgements = {};
  for (const { id, text } of item.outputs)
    judgements[id] = { output: id, score: null, spans: [], verdict: null, edit: asked(protocol).edit ? text : null, keystrokes: 0 };
  return { judgements, choice: null, note: "", seconds: 0 };
}

/* The work as an answer or a draft has it; what the item does not have is left out. */
export function restored(item, protocol, stored) {
  const work = blank(item, protocol);
  for (const judgement of stored?.judgements || [])
    if (work.judgements[judgement.output])
      Object.assign(work.judgements[judgement.output], Object.fromEntries(
        Object.entries(judgement).filter(([, value]) => value !== null)));
  return { ...work, choice: stored?.choice || null, note: stored?.note || "", seconds: stored?.seconds || 0 };
}

/* What goes to the server, outputs in the order in which they were shown. */
export function packed(item, work, protocol, seconds) {
  return {
    item: item.id,
    order: item.outputs.map((output) => output.id),
    // Where only the choice counts, nothing is said of single outputs.
    judgements: asked(protocol).choice ? [] : item.outputs.map((output) => work.judgements[output.id]),
    choice: work.choice,
    seconds,
    note: work.note,
  };
}

/* What is still missing: {said, output?: its place}, or null. */
export function lacks(item, work, protocol) {
  const rules = asked(protocol);
  const judged = item.outputs.map((output) => work.judgements[output.id]);
  const several = item.outputs.length > 1;
  const where = (output) => (several ? ` ${letter(output)}` : "");
  let output = judged.findIndex((one) => rules.score && one.score === null);
  if (output >= 0) return { output, said: several ? `Give translation${where(output)} a score.` : "Give the translation a score." };
  output = judged.findIndex((one) => rules.verdict && !one.verdict);
  if (output >= 0) return { output, said: `Say what translation${where(output)} needs.` };
  output = judged.findIndex((one) => rules.categories && one.spans.some((span) => !span.category));
  if (output >= 0) return { output, said: "Choose a kind for each error." };
  output = judged.findIndex((one) => rules.edit && !one.edit.trim());
  if (output >= 0) return { output, said: "Write a translation, or go back to the one that was given." };
  if (rules.choice && !work.choice) return { said: "Choose one, or say that they are equal." };
  return null;
}
