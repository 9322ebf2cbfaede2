// Reviewing: one key, and the next flag is there. It has been fetched while the person looked at this one; the
// decision itself goes through the outbox and is never waited for.
import { newToken, outbox } from "./outbox.js";
import { drawStage, preloadPictures, setStrength, toggleOverlay } from "./stage.js";
import { openValues } from "./values.js";

const root = document.getElementById("review");
const part = root.querySelector("[data-part]");
const toast = document.getElementById("toast");
const texts = root.dataset;
const MADE = `catalog-audit.made.${outbox.user}`;
const TOAST_TIME = 6000;

/** Flags decided in this tab: a page fetched before the server knew may still offer them. */
const decided = new Set();
let prefetched = null;
let toastTimer = 0;
let moving = false;

const currentFlag = () => part.querySelector("[data-flag]");

// --- pages ------------------------------------------------------------------------------------------------------------

/** The inner part of a page: {url, element}. Throws when the server cannot be reached or asks to sign in. */
async function fetchPart(url) {
  const response = await fetch(url, { headers: { "X-Part": "flag" }, cache: "no-store" });
  if (new URL(response.url).pathname.startsWith("/sign-in/")) {
    location.reload();
    throw new Error("signed out");
  }
  if (!response.ok) throw new Error(`answer ${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  const element = template.content.firstElementChild;
  preloadPictures(element);
  return { url: response.url, element };
}

function prefetch() {
  const flag = currentFlag();
  prefetched = flag ? fetchPart(flag.dataset.next) : null;
  prefetched?.catch(() => {}); // whoever needs it fetches again
}

function show(page, { push = true } = {}) {
  part.replaceChildren(page.element);
  if (push) history.pushState({}, "", page.url);
  const flag = currentFlag();
  document.title = `${flag ? flag.dataset.title : part.querySelector("h1").textContent} · Catalog Audit`;
  if (flag) drawStage(flag);
  part.querySelector("h1").focus({ preventScroll: true });
  prefetch();
}

async function nextPage(url) {
  const page = await (prefetched ?? fetchPart(url)).catch(() => fetchPart(url));
  if (!decided.has(page.element.dataset.flag)) return page;
  // The queue has begun again at its top, as it was before the server knew of the last decisions.
  await outbox.flush();
  return fetchPart(url);
}

async function move(load, alone = "") {
  if (moving) return;
  moving = true;
  try {
    const page = await load();
    if (alone && page.element.dataset.flag === currentFlag()?.dataset.flag) say(alone);
    else show(page);
  } catch {
    say(texts.textNoNext, { warning: true });
    outbox.addEventListener("change", () => outbox.state === "idle" && move(load, alone), { once: true });
  } finally {
    moving = false;
  }
}

// --- decisions ----------------------------------------------------------------------------------------------------------

function made() {
  return JSON.parse(sessionStorage.getItem(MADE) ?? "[]");
}

function keepMade(list) {
  sessionStorage.setItem(MADE, JSON.stringify(list.slice(-200)));
}

function decide(choice, sentence) {
  const flag = currentFlag();
  if (!flag?.dataset.undecided || moving) return;
  const token = newToken();
  const next = flag.dataset.next;
  if (choice !== "skip") decided.add(flag.dataset.flag);
  keepMade([...made(), { token, flag: flag.dataset.flag, address: location.pathname + location.search }]);
  outbox.add({ token, url: flag.dataset.decide, body: { choice }, title: flag.dataset.title });
  say(sentence, { undo: true });
  move(() => nextPage(next));
}

function undo() {
  const list = made();
  const last = list.pop();
  keepMade(list);
  if (last) decided.delete(last.flag);
  if (last && outbox.takeBack(last.token)) {
    say(texts.textUndone);
    move(() => fetchPart(last.address));
    return;
  }
  const body = last ? { of: last.token } : {};
  outbox.add({ token: newToken(), url: texts.undo + location.search, body, title: "" });
  if (outbox.state === "offline") say(texts.textUndoing);
}

outbox.addEventListener("stored", ({ detail: { answer } }) => {
  const waiting = part.querySelector("[data-waiting]");
  if (waiting && Number.isInteger(answer.waiting)) {
    waiting.textContent = answer.waiting.toLocaleString(document.documentElement.lang);
  }
  if (answer.verdict !== "undo") return;
  decided.delete(String(answer.flag));
  say(texts.textUndone);
  move(() => fetchPart(answer.address));
});

outbox.addEventListener("refused", ({ detail: { entry, message } }) => {
  keepMade(made().filter((one) => one.token !== entry.token));
  const shown = entry.title ? `${entry.title}: ${message}` : message;
  const link = entry.title ? entry.url.replace(/decide\/.*$/, "") : "";
  say(shown, { warning: true, link });
});

// --- what the page says ---------------------------------------------------------------------------------------------

function say(sentence, { warning = false, undo: offersUndo = false, link = "" } = {}) {
  clearTimeout(toastTimer);
  toast.classList.toggle("toast-warning", warning);
  toast.querySelector("[data-toast-text]").textContent = sentence;
  toast.querySelector("[data-toast-undo]").hidden = !offersUndo;
  const anchor = toast.querySelector("[data-toast-link]");
  anchor.hidden = !link;
  if (link) anchor.href = link;
  toast.hidden = false;
  // Warnings stay: they tell of something that was not stored.
  if (!warning) toastTimer = setTimeout(() => (toast.hidden = true), TOAST_TIME);
}

// --- keys and clicks --------------------------------------------------------------------------------------------------

const actions = {
  accept: () => decide("accept", texts.textAccepted),
  skip: () => decide("skip", texts.textSkipped),
  fix: (button) => {
    button.closest("dialog")?.close();
    decide(button.dataset.value, `${texts.textFixed} “${button.dataset.name}”.`);
  },
  choose: () => currentFlag()?.dataset.undecided && openValues(currentFlag().querySelector("dialog.values")),
  undo,
  next: () => currentFlag() && move(() => nextPage(currentFlag().dataset.next), texts.textOnly),
  previous: () => currentFlag() && move(() => fetchPart(currentFlag().dataset.previous), texts.textTop),
  help: () => document.getElementById("help").showModal(),
};

const take = (selector) => part.querySelector(selector)?.click();
const overlay = (name) => {
  // A flag without the overlay leaves the person's choice for the next one as it is.
  if (currentFlag()?.querySelector(`[data-overlay="${name}"]:enabled`)) toggleOverlay(currentFlag(), name);
};

/** By the place of a key, so that they are the same in every keyboard layout. */
const keys = {
  KeyA: actions.accept,
  KeyS: actions.skip,
  KeyF: actions.choose,
  KeyU: undo,
  KeyJ: actions.next,
  ArrowRight: actions.next,
  KeyK: actions.previous,
  ArrowLeft: actions.previous,
  KeyM: () => overlay("garment"),
  KeyT: () => overlay("attention"),
  KeyN: () => overlay("label"),
  Enter: () => take("[data-suggestion]"),
  NumpadEnter: () => take("[data-suggestion]"),
};
for (const digit of [1, 2, 3, 4]) {
  keys[`Digit${digit}`] = keys[`Numpad${digit}`] = () => take(`[data-digit="${digit}"]`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=range]), select, textarea")) return;
  if (event.code.startsWith("Arrow") && event.target.closest("input")) return;
  if (event.code.endsWith("Enter") && event.target.closest("a, button, summary")) return;
  const act = event.key === "?" ? actions.help : event.shiftKey ? null : keys[event.code];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const overlayButton = event.target.closest("[data-overlay]");
  if (overlayButton) overlay(overlayButton.dataset.overlay);
  const button = event.target.closest("[data-action]");
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  actions[button.dataset.action](button);
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-strength]")) setStrength(currentFlag(), Number(event.target.value));
});

window.addEventListener("popstate", () => {
  fetchPart(location.href).then((page) => show(page, { push: false }), () => location.reload());
});

if (currentFlag()) drawStage(currentFlag());
part.querySelector("h1").focus({ preventScroll: true });
prefetch();
