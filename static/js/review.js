// Reviewing: one key, and the next flag is there. It has been fetched while the person looked at this one; the
// decision itself goes through the outbox and is never waited for.
import { fetchEvidence, placeEvidence, placeFailure } from "./evidence.js";
import { forgetMade, lastMade, remember, takeLastMade } from "./made.js";
import { newToken, outbox } from "./outbox.js";
import { fetchPage } from "./page.js";
import { changeStrength, drawStage, preloadPictures, setStrength, toggleOverlay, watchPictures } from "./stage.js";
import { openValues } from "./values.js";
import { attachZoom, look, zoomIn, zoomOut, zoomReset } from "./zoom.js";

const root = document.getElementById("review");
const part = root.querySelector("[data-part]");
const toast = document.getElementById("toast");
const texts = root.dataset;
const TOAST_TIME = 6000;
const RETRY_TIME = 2000;
const STRENGTH_STEP = 10;

/** Flags decided in this tab: a page fetched before the server knew may still offer them. */
const decided = new Set();
/** Flag -> what was asked for it. */
const evidence = new WeakMap();
let prefetched = null;
let toastTimer = 0;
let moving = false;
/** The move that could not be made for want of a connection, while it is tried again. */
let retry = null;

const currentFlag = () => part.querySelector("[data-flag]");

// --- pages ------------------------------------------------------------------------------------------------------------

/** A flag, or the end of the queue, with its pictures on their way. */
async function fetchPart(url) {
  const page = await fetchPage(url, "flag");
  preloadPictures(page.element);
  return page;
}

function prefetch() {
  const flag = currentFlag();
  prefetched = flag ? fetchPart(flag.dataset.next) : null;
  // Whoever needs it fetches again.
  prefetched?.then((page) => evidenceOf(page.element)).catch(() => {});
}

/** The evidence of a flag: asked for once, a promise. */
function evidenceOf(element) {
  if (!element.dataset.evidence) return null;
  if (!evidence.has(element)) evidence.set(element, fetchEvidence(element.dataset.evidence));
  const found = evidence.get(element);
  found.catch(() => {}); // the flag says so when it is shown
  return found;
}

function showEvidence(flag) {
  evidenceOf(flag)?.then(
    (element) => placeEvidence(flag, element),
    () => placeFailure(flag, texts.textNoEvidence, texts.textAgain),
  );
}

/** Everything that a flag needs once it stands in the page. */
function begin(flag) {
  drawStage(flag);
  watchPictures(flag);
  attachZoom(flag);
}

function show(page, { push = true } = {}) {
  stopRetrying();
  part.replaceChildren(page.element);
  if (push) history.pushState({}, "", page.url);
  const flag = currentFlag();
  document.title = `${flag ? flag.dataset.title : part.querySelector("h1").textContent} · Catalog Audit`;
  if (flag) begin(flag);
  part.querySelector("h1").focus({ preventScroll: true });
  prefetch();
  if (flag) showEvidence(flag);
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
  stopRetrying();
  try {
    const page = await load();
    if (!toast.hidden && toast.dataset.text === texts.textNoNext) toast.hidden = true;
    if (alone && page.element.dataset.flag === currentFlag()?.dataset.flag) say(alone);
    else show(page);
  } catch {
    say(texts.textNoNext, { warning: true });
    retry = { again: () => move(load, alone), timer: setTimeout(() => retry?.again(), RETRY_TIME) };
  } finally {
    moving = false;
  }
}

function stopRetrying() {
  clearTimeout(retry?.timer);
  retry = null;
}

// --- decisions ----------------------------------------------------------------------------------------------------------

function decide(choice, sentence, more = {}) {
  const flag = currentFlag();
  if (!flag?.dataset.undecided || moving) return;
  // While the next flag cannot be had, the one that was just decided is still shown.
  if (retry && lastMade()?.flag === flag.dataset.flag) return;
  const token = newToken();
  const next = flag.dataset.next;
  if (choice !== "skip") decided.add(flag.dataset.flag);
  const { flag: key, title } = flag.dataset;
  const address = location.pathname + location.search;
  remember({ token, flag: key, title, address, undo: texts.undo + location.search });
  outbox.add({ token, url: flag.dataset.decide, body: { choice, ...more }, title });
  say(sentence, { undo: true });
  move(() => nextPage(next));
}

function undo() {
  const last = takeLastMade();
  decided.delete(last?.flag);
  if (last && outbox.takeBack(last.token)) {
    say(last.flag ? texts.textUndone : texts.textUndoneBatch);
    if (!last.flag) return; // the server knows nothing of it, so this page is as it was
    if (retry && last.flag === currentFlag()?.dataset.flag) stopRetrying();
    else move(() => fetchPart(last.address));
    return;
  }
  const body = last ? { of: last.token } : {};
  outbox.add({ token: newToken(), url: last?.undo ?? texts.undo + location.search, body, title: "" });
  if (outbox.state === "offline") say(texts.textUndoing);
}

outbox.addEventListener("stored", ({ detail: { answer } }) => {
  retry?.again(); // there is a connection
  const waiting = part.querySelector("[data-waiting]");
  if (waiting && Number.isInteger(answer.waiting)) {
    waiting.textContent = answer.waiting.toLocaleString(document.documentElement.lang);
  }
  if (answer.verdict !== "undo") return;
  decided.delete(String(answer.flag));
  say(answer.message);
  if (answer.address) move(() => fetchPart(answer.address));
});

outbox.addEventListener("refused", ({ detail: { entry, message } }) => {
  forgetMade(entry.token);
  const shown = entry.title ? `${entry.title}: ${message}` : message;
  const link = entry.title ? entry.url.replace(/decide\/.*$/, "") : "";
  say(shown, { warning: true, link });
});

// --- what the page says ---------------------------------------------------------------------------------------------

function say(sentence, { warning = false, undo: offersUndo = false, link = "" } = {}) {
  clearTimeout(toastTimer);
  toast.classList.toggle("toast-warning", warning);
  toast.dataset.text = sentence;
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
  dispute: () => decide("dispute", texts.textDisputed),
  both: () => decide("both", texts.textBoth),
  evidence: () => {
    evidence.delete(currentFlag());
    showEvidence(currentFlag());
  },
  zoomIn,
  zoomOut,
  zoomReset,
  choose: () => currentFlag()?.dataset.undecided && openValues(currentFlag().querySelector("dialog.values")),
  undo,
  next: () => currentFlag() && move(() => nextPage(currentFlag().dataset.next), texts.textOnly),
  previous: () => currentFlag() && move(() => fetchPart(currentFlag().dataset.previous), texts.textTop),
  help: () => document.getElementById("help").showModal(),
};

const take = (selector) => part.querySelector(selector)?.click();
/** The button of an overlay that is not there is not greyed where that would tell a sample from a flag. */
const hasLayer = (flag, name) => Boolean(flag.querySelector(`[data-layer="${name}"]`));
const overlay = (name) => {
  const flag = currentFlag();
  // A flag without the overlay leaves the person's choice for the next one as it is.
  const isThere = flag?.querySelector(`[data-overlay="${name}"]:enabled`) && (name === "garment" || hasLayer(flag, name));
  if (isThere) toggleOverlay(flag, name);
  else if (flag) say(texts.textNoOverlay);
};
const strengthen = (step) => () => currentFlag()?.querySelector("[data-strength]") && changeStrength(currentFlag(), step);
const [weaker, stronger] = [strengthen(-STRENGTH_STEP), strengthen(STRENGTH_STEP)];

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
  KeyP: () => part.querySelector("[data-shares]")?.toggleAttribute("open"),
  KeyD: () => take("[data-action=dispute]"),
  KeyB: () => take("[data-action=both]"),
  BracketLeft: weaker,
  BracketRight: stronger,
  Equal: zoomIn,
  NumpadAdd: zoomIn,
  Minus: zoomOut,
  NumpadSubtract: zoomOut,
  Digit0: zoomReset,
  Numpad0: zoomReset,
  Enter: () => take("[data-suggestion]"),
  NumpadEnter: () => take("[data-suggestion]"),
};
for (const digit of [1, 2, 3, 4]) {
  keys[`Digit${digit}`] = keys[`Numpad${digit}`] = () => take(`[data-digit="${digit}"]`);
}

/** Signs lie elsewhere on every keyboard: what counts is the sign. */
const signs = { "?": actions.help, "+": zoomIn, "-": zoomOut, "[": weaker, "]": stronger };
/** Not sure, but rather one of the two. */
const lean = (side) => () =>
  part.querySelector("[data-action=dispute]") && decide("dispute", texts.textDisputed, { lean: currentFlag().dataset[side] });
const withShift = {
  KeyD: lean("suggested"),
  KeyA: lean("label"),
  ArrowRight: () => look(1, 0),
  ArrowLeft: () => look(-1, 0),
  ArrowDown: () => look(0, 1),
  ArrowUp: () => look(0, -1),
};
/** What may go on while a key is held down; a decision may not. */
const looks = ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].map((key) => withShift[key]);
const repeatable = new Set([zoomIn, zoomOut, weaker, stronger, ...looks]);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=range]), select, textarea")) return;
  if (event.code.startsWith("Arrow") && event.target.closest("input")) return;
  if (event.code.endsWith("Enter") && event.target.closest("a, button, summary")) return;
  const act = signs[event.key] ?? (event.shiftKey ? withShift : keys)[event.code];
  if (!act || (event.repeat && !repeatable.has(act))) return;
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

if (currentFlag()) begin(currentFlag());
part.querySelector("h1").focus({ preventScroll: true });
prefetch();
if (currentFlag()) showEvidence(currentFlag());
