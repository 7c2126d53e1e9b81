/* Texts as reviewers mark them. All places are in Unicode code points, as the server counts them:
   a JavaScript string counts UTF-16 units, of which an emoji or a rare Han character has two. */

export const points = (text) => Array.from(text);

/* Languages that put no spaces between words: there a mark may begin at any character. */
const UNSPACED = new Set(["zh", "ja", "th", "lo", "km", "my", "bo", "yue", "wuu"]);
export const isUnspaced = (lang) => UNSPACED.has((lang || "").toLowerCase().split(/[-_]/)[0]);

function segmenter(lang, granularity) {
  try {
    return new Intl.Segmenter(lang || undefined, { granularity });
  } catch {
    return new Intl.Segmenter(undefined, { granularity }); // no language that the browser knows
  }
}

/* The parts of a text, without gaps: [{start, end, text, blank}]. */
export function cut(text, lang, granularity) {
  let start = 0;
  return Array.from(segmenter(lang, granularity).segment(text), ({ segment }) => {
    const part = { start, end: start + points(segment).length, text: segment, blank: !segment.trim() };
    start = part.end;
    return part;
  });
}

export const words = (text, lang) => cut(text, lang, "word").filter((part) => !part.blank);

/* The smallest parts that a pointer can mark: words, or characters where words have no spaces. */
export const units = (text, lang) =>
  isUnspaced(lang) ? cut(text, lang, "grapheme").filter((part) => !part.blank) : words(text, lang);

const MOST = 4_000_000; // cells of a table; of a longer pair only near neighbours are looked at
const NEAR = 200;

/* The longest common subsequence: for each part of `a` the place of its like in `b`, or -1. */
function common(a, b) {
  const like = new Array(a.length).fill(-1);
  let from = 0;
  for (; from < a.length && from < b.length && a[from] === b[from]; from++) like[from] = from;
  let endA = a.length;
  let endB = b.length;
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) like[--endA] = --endB;
  const [n, m] = [endA - from, endB - from];
  if (n * m > MOST) {
    for (let i = from, j = from; i < endA; i++) {
      const found = b.indexOf(a[i], j);
      if (found < 0 || found >= Math.min(endB, j + NEAR)) continue;
      like[i] = found;
      j = found + 1;
    }
    return like;
  }
  const width = m + 1;
  const table = new Uint32Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      table[i * width + j] = a[from + i] === b[from + j]
        ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
  for (let i = 0, j = 0; i < n && j < m; ) {
    if (a[from + i] === b[from + j]) like[from + i++] = from + j++;
    else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return like;
}

/* For each text the parts that at least half of the others lack: [[{start, end, all}]], `all`
   saying that none of the others has it. Neighbours are one part, with the space between them. */
export function differences(texts, lang) {
  const parts = texts.map((text) => units(text, lang));
  const read = parts.map((mine) => mine.map((part) => part.text));
  const alike = parts.map(() => []); // alike[k][j][i]: the place in text j of part i of text k
  for (let k = 0; k < parts.length; k++)
    for (let j = k + 1; j < parts.length; j++) {
      // Once for both: of several longest common subsequences both show the same.
      alike[k][j] = common(read[k], read[j]);
      alike[j][k] = new Array(read[j].length).fill(-1);
      alike[k][j].forEach((place, i) => place >= 0 && (alike[j][k][place] = i));
    }
  return parts.map((mine, k) => {
    const others = alike[k].filter(Boolean);
    const found = [];
    let before = -2; // the place of the last part that differs
    mine.forEach((part, i) => {
      const lack = others.filter((like) => like[i] < 0).length;
      if (!lack || lack * 2 < others.length) return;
      const all = lack === others.length;
      if (i === before + 1 && found.at(-1).all === all) found.at(-1).end = part.end;
      else found.push({ start: part.start, end: part.end, all });
      before = i;
    });
    return found;
  });
}

/* What an edit took away and put in: [{text, kind: "same" | "gone" | "new"}], in reading order. */
export function changes(before, after, lang) {
  const granularity = isUnspaced(lang) ? "grapheme" : "word";
  const [a, b] = [before, after].map((text) => cut(text, lang, granularity).map((part) => part.text));
  const parts = [];
  const add = (kind, text) => {
    if (parts.at(-1)?.kind === kind) parts.at(-1).text += text;
    else parts.push({ kind, text });
  };
  let j = 0;
  common(a, b).forEach((place, i) => {
    if (place < 0) return add("gone", a[i]);
    while (j < place) add("new", b[j++]);
    add("same", a[i]);
    j += 1;
  });
  while (j < b.length) add("new", b[j++]);
  return parts;
}
