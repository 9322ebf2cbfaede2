// The grid: a page of flags of one kind, and one key decides all tiles that were not taken out. The next page has been
// fetched by then; the decision goes through the outbox as one batch and is never waited for.
import { closerDialog, look, lookedAt, showOut, stopLooking } from "./closer.js";
import { forgetRefused, listRefused, say, titleRefused, unsay } from "./grid-notices.js";
import { forgetMade, lastMade, remember, takeLastMade } from "./made.js";
import { newToken, outbox } from "./outbox.js";
import { fetchPage } from "./page.js";
import { changeStrength, setStrength, toggleOverlay } from "./stage.js";
import { Tiles } from "./tiles.js";
import { look as lookAround, zoomIn, zoomOut, zoomReset } from "./zoom.js";

const root = document.getElementById("grid");
const part = root.querySelector("[data-part]");
const texts = root.dataset;
const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
const RETRY_TIME = 2000;
const STRENGTH_STEP = 10;
/** Thumbnails of the next page that are loaded before it is shown: what a screen shows. */
const AHEAD = 40;

/** Batch -> its page, for an undo without a connection. */
const pages = new Map();
let tiles = null;
let sentences = {};
let hovered = null;
let lastLooked = null;
let prefetched = null;
let moving = false;
/** A page that an undo leads to, while another one is on its way. */
let queued = null;
/** The move that could not be made for want of a connection, while it is tried again. */
let retry = null;

const currentPage = () => part.querySelector("[data-page]");

/** The sentence of that name for a number. */
function sentence(name, number) {
  const forms = sentences[name];
  return (forms[plurals.select(number)] ?? forms.other).replace("{n}", number.toLocaleString(language));
}

// --- pages ------------------------------------------------------------------------------------------------------------

/** A page of tiles, the first of their pictures on their way. */
async function fetchPart(url) {
  const page = await fetchPage(url, "grid");
  for (const image of [...page.element.querySelectorAll("[data-tile] img")].slice(0, AHEAD)) new Image().src = image.src;
  return page;
}

function prefetch() {
  const page = currentPage();
  prefetched = page ? fetchPart(page.dataset.next) : null;
  prefetched?.catch(() => {}); // whoever needs it fetches again
}

/** Take up the page that stands in the document; `out` are flags to be taken out again. */
function begin(out = []) {
  const page = currentPage();
  tiles?.forget();
  tiles = null;
  hovered = null;
  for (const button of part.querySelectorAll("[data-needs-batch]")) button.hidden = !lastMade()?.out;
  if (!page) {
    part.querySelector("h1").focus({ preventScroll: true });
    return;
  }
  sentences = JSON.parse(page.dataset.sentences);
  tiles = new Tiles(page.querySelector("[data-tiles]"), foretell);
  tiles.takeOut(out);
  // Kept in this browser but not known to the server yet: not to be decided twice.
  const pending = outbox.entries().flatMap((entry) => entry.body?.flags?.split(",") ?? []);
  if (pending.some((flag) => tiles.tileOf(flag))) tiles.drop(pending);
  if (!tiles.all.length) setTimeout(goOn);
  tiles.cursor?.focus({ preventScroll: true });
  foretell();
}

function show(page, { push = true, out = [] } = {}) {
  if (lookedAt()) stopLooking();
  part.replaceChildren(page.element);
  if (push) history.pushState({}, "", page.url);
  begin(out);
  part.querySelector(".grid-scroll")?.scrollTo(0, 0);
  prefetch();
}

async function move(load, options = {}) {
  if (moving) {
    if (options.out) queued = () => move(load, options);
    return;
  }
  moving = true;
  stopRetrying();
  try {
    const page = await load();
    unsay(texts.textNoNext);
    show(page, options);
  } catch {
    say(texts.textNoNext, { warning: true, undo: true });
    retry = { again: () => move(load, options), timer: setTimeout(() => retry?.again(), RETRY_TIME) };
  } finally {
    moving = false;
  }
  const next = queued;
  queued = null;
  next?.();
}

function stopRetrying() {
  clearTimeout(retry?.timer);
  retry = null;
}

function goOn() {
  const page = currentPage();
  if (!page || retry) return;
  const ahead = prefetched;
  move(() => (ahead ?? fetchPart(page.dataset.next)).catch(() => fetchPart(page.dataset.next)));
}

// --- decisions --------------------------------------------------------------------------------------------------------

function decide(choice) {
  const page = currentPage();
  // While the next page cannot be had, the one that is shown is decided already.
  if (!page || !tiles || moving || retry) return;
  const chosen = tiles.chosen;
  const out = tiles.out.map((tile) => tile.dataset.tile);
  if (!chosen.length) {
    say(sentences.nothing);
    return;
  }
  const token = newToken();
  const address = location.pathname + location.search;
  remember({ token, address, undo: page.dataset.undo, out });
  pages.set(token, { url: location.href, element: page });
  outbox.add({
    token,
    url: page.dataset.decide,
    body: { choice, flags: chosen.map((tile) => tile.dataset.tile).join(",") },
    title: "",
    number: chosen.length,
  });
  const left = out.length ? `, ${sentence("left", out.length)}` : "";
  say(`${sentence("done", chosen.length)}${left}.`, { undo: true });
  goOn();
}

function undo() {
  const last = takeLastMade();
  if (!last) {
    say(texts.textNoUndo);
    return;
  }
  if (outbox.takeBack(last.token)) {
    if (last.out) goBack(last);
    else say(`${last.title}: ${texts.textUndone}`);
    return;
  }
  const batch = last.out && { address: last.address, out: last.out, token: last.token };
  outbox.add({ token: newToken(), url: last.undo, body: { of: last.token }, title: "", batch, of: last.title });
  if (outbox.state === "offline") say(texts.textUndoing);
}

/** Show the page of a batch that was taken back, with the same tiles taken out. */
function goBack(batch) {
  const kept = pages.get(batch.token);
  pages.delete(batch.token);
  if (retry && kept?.element === currentPage()) {
    // It is still here, and the page behind it has not come yet.
    stopRetrying();
    unsay(texts.textNoNext);
    prefetch();
    return;
  }
  const load = () => fetchPart(batch.address).catch((error) => kept ?? Promise.reject(error));
  stopRetrying();
  move(load, { out: batch.out });
}

outbox.addEventListener("stored", ({ detail: { entry, answer } }) => {
  retry?.again(); // there is a connection
  const waiting = part.querySelector("[data-waiting]");
  if (waiting && Number.isInteger(answer.waiting)) waiting.textContent = answer.waiting.toLocaleString(language);
  if (answer.refused?.length) tellRefused(answer.refused);
  if (answer.verdict !== "undo") return;
  say(entry.of ? `${entry.of}: ${answer.message}` : answer.message);
  if (entry.batch) goBack(entry.batch);
});

outbox.addEventListener("refused", ({ detail: { entry, message } }) => {
  forgetMade(entry.token);
  say(message, { warning: true });
});

function tellRefused(refused) {
  const number = listRefused(refused);
  titleRefused(sentences.refused ? sentence("refused", number) : "");
}

function dismiss() {
  forgetRefused();
  tiles?.cursor?.focus({ preventScroll: true });
}

// --- what the page says -----------------------------------------------------------------------------------------------

/** Say what a key would do: Enter, unless another button is pointed at. */
function foretell(choice = "suggestion") {
  const place = part.querySelector("[data-sentence]");
  if (!place || !tiles) return;
  const name = typeof choice === "string" ? choice : "suggestion";
  const [inside, outside] = [tiles.chosen.length, tiles.out.length];
  const left = outside ? `, ${sentence("left", outside)}` : "";
  const words = inside ? `${sentence(name, inside)}${left}.` : sentences.nothing;
  if (place.textContent !== words) place.textContent = words; // else it would be read aloud again
  for (const button of part.querySelectorAll(".grid-bar [data-choice]")) button.disabled = !inside;
}

// --- keys, clicks and fingers -----------------------------------------------------------------------------------------

function toggle(tile, { range = false } = {}) {
  if (!tile) return;
  tiles.go(tile, { focus: !lookedAt() });
  if (range) tiles.range(tile);
  else tiles.toggle(tile);
  showOut(tile);
}

function lookCloser(tile) {
  if (!tile) return;
  tiles.go(tile, { focus: false });
  lastLooked = tile;
  look(tile, texts.textNoLook);
}

const step = (right, down) => () => {
  hovered = null;
  tiles?.go(tiles.beside(tiles.cursor, right, down));
};
const lookOn = (right) => () => lookCloser(tiles.beside(lookedAt(), right));
const overlay = (name) => () => {
  const button = closerDialog.querySelector(`[data-overlay="${name}"]:enabled`);
  if (button) toggleOverlay(closerDialog, name);
};
const strengthen = (by) => () => closerDialog.querySelector("[data-strength]") && changeStrength(closerDialog, by);
const help = () => document.getElementById("help").showModal();

const actions = {
  suggestion: () => decide("suggestion"),
  accept: () => decide("accept"),
  both: () => decide("both"),
  undo,
  next: goOn,
  all: () => tiles?.putAllIn(),
  none: () => tiles?.takeAllOut(),
  look: (button) => lookCloser(button.closest("[data-tile]")),
  toggle: () => toggle(lookedAt()),
  before: lookOn(-1),
  after: lookOn(1),
  close: stopLooking,
  dismiss,
  help,
  zoomIn,
  zoomOut,
  zoomReset,
};

/** By the place of a key, so that they are the same in every keyboard layout. */
const keys = {
  Enter: actions.suggestion,
  NumpadEnter: actions.suggestion,
  KeyA: actions.accept,
  KeyB: actions.both,
  KeyU: undo,
  KeyJ: goOn,
  Escape: actions.none,
  KeyZ: () => lookCloser(hovered ?? tiles?.cursor),
  Space: () => toggle(tiles?.cursor),
  ArrowRight: step(1, 0),
  ArrowLeft: step(-1, 0),
  ArrowDown: step(0, 1),
  ArrowUp: step(0, -1),
  Home: () => tiles?.go(tiles.all[0]),
  End: () => tiles?.go(tiles.all.at(-1)),
};
const withShift = { Space: () => toggle(tiles?.cursor, { range: true }) };
const whileLooking = {
  KeyZ: stopLooking,
  Space: actions.toggle,
  ArrowRight: lookOn(1),
  ArrowLeft: lookOn(-1),
  KeyM: overlay("garment"),
  KeyT: overlay("attention"),
  KeyN: overlay("label"),
  BracketLeft: strengthen(-STRENGTH_STEP),
  BracketRight: strengthen(STRENGTH_STEP),
  Equal: zoomIn,
  NumpadAdd: zoomIn,
  Minus: zoomOut,
  NumpadSubtract: zoomOut,
  Digit0: zoomReset,
  Numpad0: zoomReset,
};
const whileLookingWithShift = {
  ArrowRight: () => lookAround(1, 0),
  ArrowLeft: () => lookAround(-1, 0),
  ArrowDown: () => lookAround(0, 1),
  ArrowUp: () => lookAround(0, -1),
  Equal: zoomIn,
};
/** What may go on while a key is held down; a decision may not. */
const repeatable = (code) => code.startsWith("Arrow") || code.startsWith("Bracket");

function actOf(event) {
  const open = document.querySelector("dialog[open]");
  if (open && open !== closerDialog) return null;
  if (open) return (event.shiftKey ? whileLookingWithShift : whileLooking)[event.code];
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyA") return actions.all;
  if (event.ctrlKey || event.metaKey) return null;
  if (event.key === "?") return help;
  return (event.shiftKey ? withShift : keys)[event.code];
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.target.closest("input:not([type=range]), select, textarea")) return;
  if (event.code.startsWith("Arrow") && event.target.closest("input")) return;
  if (["Enter", "NumpadEnter", "Space"].includes(event.code) && event.target.closest("a, button, summary")) return;
  const act = actOf(event);
  if (!act || (event.repeat && !repeatable(event.code))) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const overlayButton = event.target.closest("[data-overlay]");
  if (overlayButton) overlay(overlayButton.dataset.overlay)();
  const button = event.target.closest("[data-action]");
  if (button) {
    actions[button.dataset.action](button);
    return;
  }
  const tile = event.target.closest("[data-tile]");
  if (tile && tiles) toggle(tile, { range: event.shiftKey });
});

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "mouse") hovered = event.target.closest("[data-tile]");
  const choice = event.target.closest("[data-choice]");
  if (choice) foretell(choice.dataset.choice);
});
document.addEventListener("pointerout", (event) => event.target.closest("[data-choice]") && foretell());
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-tile]")) tiles?.go(event.target, { focus: false });
  foretell(event.target.closest?.("[data-choice]")?.dataset.choice);
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-strength]")) setStrength(closerDialog, Number(event.target.value));
});

closerDialog.addEventListener("close", () => {
  // The browser has gone back to the tile at which the closer look began.
  if (tiles?.all.includes(lastLooked)) tiles.go(lastLooked);
});

window.addEventListener("popstate", () => {
  fetchPart(location.href).then((page) => show(page, { push: false }), () => location.reload());
});

begin();
prefetch();
