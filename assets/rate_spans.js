/* Errors marked in a text: what marking, changing and removing do to the list of an output. A
   span is {start, end, severity, category, missing, note}; spans of one output never overlap. */

export const SEVERITIES = ["minor", "major"];
export const ALL_SEVERITIES = ["minor", "major", "critical"];

const inOrder = (spans) => [...spans].sort((a, b) => a.missing - b.missing || a.start - b.start);

export const spanAt = (spans, place) =>
  spans.find((span) => !span.missing && span.start <= place && place < span.end);
export const missingOf = (spans) => spans.find((span) => span.missing);

/* Mark [start, end). Errors that it touches become one with it, and what was said of the first
   of them stays, so that a mark can be made longer. */
export function mark(spans, start, end, severity) {
  const touched = inOrder(spans).filter((span) => !span.missing && span.start < end && start < span.end);
  const first = touched[0];
  const span = {
    start: Math.min(start, ...touched.map((one) => one.start)),
    end: Math.max(end, ...touched.map((one) => one.end)),
    severity: severity || first?.severity || "minor",
    category: first?.category || "",
    missing: false,
    note: first?.note || "",
  };
  return inOrder([...spans.filter((one) => !touched.includes(one)), span]);
}

export const remove = (spans, span) => spans.filter((one) => one !== span);
export const change = (spans, span, fields) =>
  inOrder(spans.map((one) => (one === span ? { ...one, ...fields } : one)));

/* The next severity; after the gravest the mark goes. */
export function cycle(spans, span, severities) {
  const next = severities[severities.indexOf(span.severity) + 1];
  return next ? change(spans, span, { severity: next }) : remove(spans, span);
}

/* [missing]: an omission has no place in the text. */
export function cycleMissing(spans, severities, category = "") {
  const span = missingOf(spans);
  if (span) return cycle(spans, span, severities);
  return [...spans, { start: -1, end: -1, severity: "minor", category, missing: true, note: "" }];
}

/* "2 minor, 1 major" */
export function counted(spans) {
  return ALL_SEVERITIES.map((severity) => [spans.filter((span) => span.severity === severity).length, severity])
    .filter(([number]) => number)
    .map(([number, severity]) => `${number} ${severity}`)
    .join(", ");
}
