// The list of all values: type to filter, arrows to move, Enter to take.

function plain(text) {
  return text.toLowerCase().replaceAll("ё", "е").replaceAll(/[-_]/g, " ");
}

function visible(dialog) {
  return [...dialog.querySelectorAll(".value-list button:not([hidden])")];
}

function activate(dialog, button) {
  for (const other of dialog.querySelectorAll("[data-active]")) delete other.dataset.active;
  if (!button) return;
  button.dataset.active = "";
  button.scrollIntoView({ block: "nearest" });
}

function filter(dialog) {
  const wanted = plain(dialog.querySelector("input").value.trim());
  for (const button of dialog.querySelectorAll(".value-list button")) {
    button.hidden = !plain(button.dataset.words).includes(wanted);
  }
  const found = visible(dialog);
  // A value one of whose names begins with what was typed comes before one that only contains it.
  const names = (button) => button.dataset.words.split("|").map(plain);
  const best =
    found.find((button) => names(button).includes(wanted)) ??
    found.find((button) => names(button).some((name) => name.startsWith(wanted))) ??
    found[0];
  activate(dialog, wanted ? best : found[0]);
  dialog.querySelector("[data-none]").hidden = found.length > 0;
}

function move(dialog, step) {
  const found = visible(dialog);
  const now = found.findIndex((button) => "active" in button.dataset);
  activate(dialog, found[Math.min(Math.max(now + step, 0), found.length - 1)]);
}

/** Open the list of a flag; taking a value clicks its button. */
export function openValues(dialog) {
  const input = dialog.querySelector("input");
  if (!dialog.dataset.ready) {
    dialog.dataset.ready = "1";
    input.addEventListener("input", () => filter(dialog));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") move(dialog, event.key === "ArrowDown" ? 1 : -1);
      else if (event.key === "Enter") dialog.querySelector("[data-active]")?.click();
      else return;
      event.preventDefault();
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  input.value = "";
  filter(dialog);
  dialog.showModal();
  input.focus();
}
