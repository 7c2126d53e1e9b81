/* A panel that stands before a tab's other contents while its address is open: #NAME/ID?filters. So
   it survives a reload, and the browser's Back leaves it. All HTML comes escaped from the server. */
class Panel {
  id = "";
  asked = new URLSearchParams();
  #lost = false; // whether the last question got no answer

  /* `tab` is the name of the tab it is in, `open` a class of the page while it is shown, `server`
     gives the address of an id's data, `begin` is called for a new id and `load` shows its data. */
  constructor({ name, tab, open, server, begin, load }) {
    Object.assign(this, { name, tab, open, server, begin, load });
    addEventListener("hashchange", () => this.route());
    // Gradio makes the panel when the tab is first opened.
    const waiting = setInterval(() => {
      if (this.root) {
        clearInterval(waiting);
        this.route();
      } else if (this.#address()) this.#openTab();
    }, 200);
  }

  get root() {
    return document.getElementById(`${this.name}-panel`);
  }

  /* Null when there is no answer; what was typed stays where it is. */
  async call(path, body) {
    try {
      const answer = await fetch(`${this.server(this.id)}${path}`, {
        method: body ? "POST" : "GET",
        headers: { "x-verso": this.name, ...(body && { "content-type": "application/json" }) },
        body: body && JSON.stringify(body),
      });
      if (answer.status === 404) {
        this.close();
        return null;
      }
      const data = await answer.json();
      if (this.#lost) this.say("");
      this.#lost = false;
      if (answer.ok || data.said) return { ...data, refused: !answer.ok };
    } catch {
      // Verso was stopped, or the network is gone.
    }
    this.#lost = true;
    this.say(`<div class="v-notice v-error" role="alert"><strong>Verso did not answer.</strong>
      <span class="v-hint">Is it still running? What you typed is still here.</span></div>`);
    return null;
  }

  say(html) {
    document.getElementById(`${this.name}-said`).innerHTML = html || "";
  }

  /* Only what differs is put in, so that nobody loses their place, focus or typed words. */
  put(part, html) {
    const place = document.getElementById(`${this.name}-${part}`);
    if (!place || html === undefined || place.dataset.html === html) return;
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    if (active?.matches("input:not([type=checkbox]), textarea")) return;
    place.dataset.html = html;
    place.innerHTML = html;
    if (active?.name) place.querySelector(`[name=${active.name}]`)?.focus();
  }

  remember() {
    history.replaceState(null, "", `#${this.name}/${this.id}?${this.asked}`);
  }

  /* Other filters, from the first page on; those in `plain` (or empty) are left out. */
  ask(changes, plain) {
    this.asked.delete("first");
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || plain[name] === value) this.asked.delete(name);
      else this.asked.set(name, value);
    }
    this.remember();
    this.say("");
    return this.load();
  }

  close() {
    history.pushState(null, "", location.pathname + location.search);
    this.route();
  }

  route() {
    const found = this.#address();
    const root = this.root;
    if (!root) return;
    this.id = found ? found[1] : "";
    root.hidden = !this.id;
    document.documentElement.classList.toggle(this.open, Boolean(this.id));
    if (!this.id) {
      for (const part of root.children) {
        part.innerHTML = "";
        delete part.dataset.html;
      }
      return;
    }
    this.asked = new URLSearchParams(found[2] || "");
    this.#openTab();
    this.say("");
    this.begin();
    this.load().then(() => root.scrollIntoView({ block: "start" }));
  }

  #address() {
    return location.hash.match(new RegExp(`^#${this.name}/([0-9a-f]+)(?:\\?(.*))?$`));
  }

  #openTab() {
    const tabs = [...document.querySelectorAll("#tabs button[role=tab]")];
    tabs.find((tab) => tab.textContent.trim() === this.tab)?.click();
  }

  static parsed(html) {
    const box = document.createElement("div");
    box.innerHTML = html;
    return box.firstElementChild;
  }

  /* As high as its text. */
  static fit(area) {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }
}
