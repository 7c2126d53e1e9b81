/* Keyboard and clipboard of the page. No state, no network. */
window.verso = {
  async copy(text, button) {
    if (!text) return;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without https a browser gives no clipboard; this older way still works.
      const area = document.createElement("textarea");
      area.value = text;
      area.style.position = "fixed";
      area.style.opacity = "0";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const label = document.querySelector(button);
    if (!label || label.dataset.was) return;
    label.dataset.was = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => {
      label.textContent = label.dataset.was;
      delete label.dataset.was;
    }, 1500);
  },
};

document.addEventListener("keydown", (event) => {
  const press = (selector) => {
    const button = document.querySelector(selector);
    if (!button || button.disabled || !button.offsetParent) return false;
    button.click();
    return true;
  };
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (press("#translate-start")) event.preventDefault();
  } else if (event.key === "Escape" && !document.querySelector("[role=listbox]")) {
    if (press("#translate-stop")) event.preventDefault();
  }
});

/* Names for what Gradio leaves unnamed to screen readers. */
const NAMES = {
  "#translate-swap": "Swap the languages",
  "#translate-stop": "Stop (Escape)",
  "#translate-start": "Translate (Ctrl+Enter)",
  "#translate-copy": "Copy the translation",
};
new MutationObserver(() => {
  for (const [selector, name] of Object.entries(NAMES)) {
    const button = document.querySelector(selector);
    if (button && !button.title) {
      button.title = name;
      if (selector === "#translate-swap") button.setAttribute("aria-label", name);
    }
  }
}).observe(document.documentElement, { childList: true, subtree: true });
