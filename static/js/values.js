// The list of all values: type to filter, arrows to move, Enter to take.
import { inOtherLayout } from "./keyboard.js";

const NO_MATCH = 9;

function plain(text) {
  return text.toLowerCase().replaceAll("ё", "е").replaceAll(/[-_]/g, " ").trim();
}

const options = (dialog) => [...dialog.querySelectorAll(".value-list [role=option]")];
const visible = (dialog) => options(dialog).filter((option) => !option.hidden);

function activate(dialog, option) {
  const input = dialog.querySelector("input");
  for (const other of dialog.querySelectorAll("[aria-selected=true]")) other.setAttribute("aria-selected", "false");
  input.removeAttribute("aria-activedescendant");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** How well one of a value's names (both languages and the code) fits: 0 is best, NO_MATCH not at all. */
function rank(names, wanted) {
  if (names.includes(wanted)) return 0;
  if (names.some((name) => name.startsWith(wanted))) return 1;
  if (names.some((name) => name.includes(` ${wanted}`))) return 2;
  return names.some((name) => name.includes(wanted)) ? 3 : NO_MATCH;
}

/** What fits, best first; what was typed in the wrong keyboard layout fits too, but behind. */
function filter(dialog) {
  const typed = dialog.querySelector("input").value.trim();
  const [wanted, swapped] = [plain(typed), plain(inOtherLayout(typed))];
  const ranked = options(dialog).map((option) => {
    const names = option.dataset.words.split("|").map(plain);
    return { option, rank: Math.min(rank(names, wanted), 4 + rank(names, swapped)), place: Number(option.dataset.place) };
  });
  ranked.sort((one, other) => one.rank - other.rank || one.place - other.place);
  for (const { option, rank: found } of ranked) option.hidden = found >= NO_MATCH;
  dialog.querySelector(".value-list").append(...ranked.map(({ option }) => option));
  const found = visible(dialog);
  activate(dialog, found[0]);
  dialog.querySelector("[data-none]").hidden = found.length > 0;
}

function move(dialog, step) {
  const found = visible(dialog);
  const now = found.findIndex((option) => option.getAttribute("aria-selected") === "true");
  activate(dialog, found[Math.min(Math.max(now + step, 0), found.length - 1)]);
}

function prepare(dialog) {
  const input = dialog.querySelector("input");
  options(dialog).forEach((option, place) => (option.dataset.place = String(place)));
  input.addEventListener("input", () => filter(dialog));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(dialog, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") dialog.querySelector("[aria-selected=true]")?.click();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

/** Open the list of a flag; taking a value clicks its button. */
export function openValues(dialog) {
  if (!dialog.dataset.ready) prepare(dialog);
  dialog.dataset.ready = "1";
  const input = dialog.querySelector("input");
  input.value = "";
  dialog.showModal();
  filter(dialog);
  input.focus();
}
