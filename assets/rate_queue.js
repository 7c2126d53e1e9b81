/* What the reviewer did, on its way to the server. Each message is put into the browser's own
   storage first and leaves it when the server has it, so that a lost connection, a closed tab or
   a dead battery loses nothing. */

const WAITS = [2, 4, 8, 15, 30]; // seconds between tries
const PATIENCE = 15_000; // milliseconds for an answer
const ALIVE = 30_000; // characters that a browser still sends when the page is closed

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // forbidden: what waits is in this page alone
  }
}

export class Queue {
  /* base: the address of the reviewer's page. onstate("saved" | "saving" | "offline", waiting).
     onrefused(message, reply): the server does not take this one. onclosed(reply): it takes
     nothing more from this link. */
  constructor(base, { onstate, onrefused, onclosed }) {
    this.base = base;
    this.prefix = `verso-rate:${base}:`;
    Object.assign(this, { onstate, onrefused, onclosed });
    this.store = storage();
    this.memory = new Map(); // what the browser could not store
    this.heard = new Map(); // who waits for the reply to a message
    this.last = 0;
    this.failed = 0; // tries in a row
    this.busy = false;
    addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush());
    addEventListener("beforeunload", (event) => this.memory.size && event.preventDefault());
  }

  /* Keep a message; the next `flush` sends it. `key` names what a later message replaces. */
  keep(path, key, body) {
    this.last = Math.max(Date.now(), this.last + 1); // no two have the same time
    const message = { path, key, body, at: this.last };
    try {
      this.store.setItem(this.prefix + key, JSON.stringify(message));
    } catch {
      this.memory.set(this.prefix + key, message); // full, or forbidden
    }
    this.onstate(this.failed ? "offline" : "saving", this.waiting().length);
  }

  /* Keep a message and send it. Resolves with the server's {status, reply}, whenever it comes. */
  send(path, key, body) {
    this.keep(path, key, body);
    return new Promise((heard) => {
      this.heard.set(this.prefix + key, heard);
      this.flush();
    });
  }

  drop(key) {
    this.store?.removeItem(this.prefix + key);
    this.memory.delete(this.prefix + key);
  }

  /* What waits, the oldest first. */
  waiting() {
    const names = Array.from({ length: this.store?.length || 0 }, (_, i) => this.store.key(i));
    const stored = names.filter((name) => name.startsWith(this.prefix)).map((name) => [name, this.#stored(name)]);
    return [...stored, ...this.memory].filter(([, message]) => message).sort(([, a], [, b]) => a.at - b.at);
  }

  async flush() {
    if (this.busy) return;
    clearTimeout(this.timer);
    this.busy = true;
    try {
      for (let next = this.waiting()[0]; next; next = this.waiting()[0]) {
        this.onstate(this.failed ? "offline" : "saving", this.waiting().length);
        if (!(await this.#deliver(...next))) return;
      }
      this.onstate("saved", 0);
    } finally {
      this.busy = false;
    }
  }

  async #deliver(name, message) {
    let status = 0;
    let reply = {};
    const body = JSON.stringify(message.body);
    try {
      const answer = await fetch(`${this.base}/${message.path}`, {
        method: "POST",
        headers: { "x-verso": "rate", "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(PATIENCE),
        keepalive: body.length < ALIVE,
      });
      status = answer.status;
      reply = await answer.json().catch(() => ({}));
    } catch {
      // No connection: it is tried again.
    }
    if (status === 0 || status >= 500 || status === 408 || status === 429) {
      this.onstate("offline", this.waiting().length);
      this.timer = setTimeout(() => this.flush(), WAITS[Math.min(this.failed, WAITS.length - 1)] * 1000);
      this.failed += 1;
      return false;
    }
    this.failed = 0;
    if (status === 401 || status === 403 || status === 404 || status === 409) {
      this.onclosed(reply); // kept here: the owner can make the link good again
      return false;
    }
    // A newer one of the same key may have come meanwhile: that one stays.
    const stored = this.memory.get(name) || this.#stored(name);
    if (stored?.at === message.at) this.drop(message.key);
    if (status >= 400) this.onrefused(message, reply);
    this.heard.get(name)?.({ status, reply });
    this.heard.delete(name);
    return true;
  }

  #stored(name) {
    try {
      return JSON.parse(this.store.getItem(name));
    } catch {
      return null;
    }
  }
}
