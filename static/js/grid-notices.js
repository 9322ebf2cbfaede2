// What the grid says beside its tiles: a passing sentence, and the list of flags of which nothing was stored.

const refusals = document.querySelector("[data-refused]");
const list = refusals.querySelector("[data-refused-list]");
const toast = document.getElementById("toast");
const TOAST_TIME = 8000;
let timer = 0;

/** Say a sentence for a while; warnings stay, since they tell of something that was not stored. */
export function say(sentence, { warning = false, undo = false } = {}) {
  clearTimeout(timer);
  toast.classList.toggle("toast-warning", warning);
  toast.dataset.text = sentence;
  toast.querySelector("[data-toast-text]").textContent = sentence;
  toast.querySelector("[data-toast-undo]").hidden = !undo;
  toast.hidden = false;
  if (!warning) timer = setTimeout(() => (toast.hidden = true), TOAST_TIME);
}

/** Take back a sentence, unless another one has been said since. */
export function unsay(sentence) {
  if (toast.dataset.text === sentence) toast.hidden = true;
}

/** Add flags to the list, with links; it stays until it is closed. Returns how many it holds. */
export function listRefused(refused) {
  for (const one of refused) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = one.address;
    link.target = "_blank";
    link.textContent = one.title || `#${one.flag}`;
    item.append(link, `: ${one.message}`);
    list.append(item);
  }
  refusals.hidden = false;
  return list.children.length;
}

export function titleRefused(sentence) {
  refusals.querySelector("[data-refused-title]").textContent = sentence;
}

export function forgetRefused() {
  refusals.hidden = true;
  list.replaceChildren();
}
