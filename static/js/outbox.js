// Decisions on their way to the server. Each is written to localStorage before it is sent and removed only when the
// server has answered for it, so that neither a lost connection nor a closed tab loses one. Every decision carries a
// token: the server stores a decision that arrives twice once.

const KEY = "catalog-audit.outbox";
const LOCK = "catalog-audit.outbox";
const TIMEOUT = 15000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 10000;

function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : "";
}

export function newToken() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages that come over plain HTTP from another machine have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function load() {
  try {
    const entries = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

/** How many decisions this browser keeps, of whomever. */
export const countKept = () => load().length;

/**
 * Fires "change" when its content or state changes, "stored" ({entry, answer}) and "refused" ({entry, message}).
 * `state` is "idle", "offline", "signed-out" or "blocked".
 */
export class Outbox extends EventTarget {
  constructor(user) {
    super();
    this.user = user;
    this.state = "idle";
    this.sending = null;
    this.running = null;
    this.wait = FIRST_WAIT;
    this.timer = 0;
    window.addEventListener("online", () => this.flush());
    window.addEventListener("storage", (event) => event.key === KEY && this.#changed());
  }

  /** This person's entries; another person's, left in the same browser, are not touched. */
  entries() {
    return load().filter((entry) => entry.user === this.user);
  }

  add(entry) {
    localStorage.setItem(KEY, JSON.stringify([...load(), { ...entry, user: this.user }]));
    this.#changed();
    return this.flush();
  }

  /** Take back an entry that has not been sent; false when it is too late for that. */
  takeBack(token) {
    if (this.sending === token || !this.entries().some((entry) => entry.token === token)) return false;
    this.#remove(token);
    return true;
  }

  /** Send everything, in order; one at a time in all tabs together. */
  flush() {
    clearTimeout(this.timer);
    this.running ??= this.#locked(() => this.#sendAll()).finally(() => {
      this.running = null;
      // Something may have been added after the loop had looked for the last time.
      if (this.state === "idle" && this.entries().length) this.flush();
    });
    return this.running;
  }

  #locked(work) {
    return navigator.locks ? navigator.locks.request(LOCK, work) : work();
  }

  async #sendAll() {
    for (let [entry] = this.entries(); entry; [entry] = this.entries()) {
      this.sending = entry.token;
      const state = await this.#send(entry);
      this.sending = null;
      this.#enter(state);
      if (state !== "idle") return;
    }
    this.#enter("idle");
  }

  async #send(entry) {
    let response;
    try {
      response = await fetch(entry.url, {
        method: "POST",
        body: new URLSearchParams({ ...entry.body, token: entry.token }),
        headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
        redirect: "manual",
        keepalive: true,
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      return "offline";
    }
    if (response.type === "opaqueredirect") return "signed-out";
    if (response.status === 403) return "blocked";
    if (response.status >= 500 || response.status === 429) return "offline";
    const answer = await response.json().catch(() => ({}));
    this.#remove(entry.token);
    const name = response.ok ? "stored" : "refused";
    this.dispatchEvent(new CustomEvent(name, { detail: { entry, answer, message: answer.message ?? "" } }));
    return "idle";
  }

  #enter(state) {
    this.state = state;
    if (state === "offline") {
      this.timer = setTimeout(() => this.flush(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    } else {
      this.wait = FIRST_WAIT;
    }
    this.#changed();
  }

  #remove(token) {
    localStorage.setItem(KEY, JSON.stringify(load().filter((entry) => entry.token !== token)));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const notice = document.getElementById("outbox");
/** The one outbox of this page. */
export const outbox = new Outbox(notice?.dataset.user ?? "");
