// A closer look at one tile: its picture large, with everything that can lie over it.
import { drawStage, watchPictures } from "./stage.js";
import { attachZoom } from "./zoom.js";

const dialog = document.getElementById("closer");
const stage = dialog.querySelector("[data-closer-stage]");
const title = dialog.querySelector("[data-closer-title]");
const button = dialog.querySelector("[data-closer-out]");

/** The tile that is looked at, or null. */
let looked = null;

dialog.addEventListener("close", () => {
  looked = null;
  attachZoom(null);
  stage.replaceChildren();
});

export const lookedAt = () => (dialog.open ? looked : null);
export const closerDialog = dialog;

/** Show a tile; `failure` is shown where its picture cannot be had. */
export async function look(tile, failure) {
  looked = tile;
  title.textContent = tile.dataset.title;
  showOut(tile);
  if (!dialog.open) dialog.showModal();
  title.focus();
  const parts = await fetchStage(tile).catch(() => null);
  if (looked !== tile) return; // somewhere else by now
  if (!parts) {
    stage.textContent = failure;
    return;
  }
  stage.replaceChildren(parts);
  if (!stage.querySelector("[data-stage]")) return;
  drawStage(dialog);
  watchPictures(dialog);
  attachZoom(dialog);
}

export function stopLooking() {
  dialog.close();
}

/** Say whether the tile is taken out. */
export function showOut(tile) {
  if (tile === looked) button.setAttribute("aria-pressed", String(tile.getAttribute("aria-selected") !== "true"));
}

async function fetchStage(tile) {
  const response = await fetch(tile.dataset.stageAddress);
  if (!response.ok || response.redirected) throw new Error(`answer ${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return document.adoptNode(template.content);
}
