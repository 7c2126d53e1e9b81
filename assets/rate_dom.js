/* Elements without innerHTML: what a reviewer reads never becomes markup. */

export const $ = (selector, root = document) => root.querySelector(selector);

/* h("p", {class: "x", onclick: f}, "text", child, null): null and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/* A text whose empty lines part paragraphs, and whose lines with "- " are a list. */
export function prose(text) {
  return (text || "").trim().split(/\n\s*\n/).filter(Boolean).map((part) => {
    const lines = part.split("\n").map((line) => line.trim());
    if (!lines.every((line) => line.startsWith("- "))) return h("p", {}, lines.join(" "));
    return h("ul", {}, lines.map((line) => h("li", {}, line.slice(2))));
  });
}

/* For screen readers: what a key did where nothing else says it. */
export function speak(text) {
  $("#spoken").textContent = text;
}

/* Without https there is no crypto.randomUUID, and reviewers often come by http. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
