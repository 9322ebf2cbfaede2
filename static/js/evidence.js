// What lies around a flag (examples of both values, products of the same design). It comes after the flag itself, so
// that a flag never waits for it.

import { elementOf } from "./page.js";

/** The evidence at an address, with its pictures on their way. Throws when it cannot be had. */
export async function fetchEvidence(url) {
  const response = await fetch(url, { headers: { "X-Part": "evidence" }, cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error(`answer ${response.status}`);
  return elementOf(response);
}

/** Put it where the flag has room for it. */
export function placeEvidence(flag, element) {
  for (const slot of flag.querySelectorAll("[data-evidence-slot]")) {
    const found = element.querySelector(`[data-evidence="${slot.dataset.evidenceSlot}"]`);
    if (found) slot.replaceChildren(found);
  }
}

/** Say that it could not be had, and offer to try again. */
export function placeFailure(flag, sentence, again) {
  const slot = flag.querySelector("[data-evidence-slot=siblings]");
  const text = document.createElement("p");
  text.className = "hint";
  text.role = "status";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.dataset.action = "evidence";
  button.textContent = again;
  text.append(`${sentence} `, button);
  slot.replaceChildren(text);
}
