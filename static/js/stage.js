// The picture and what lies over it: "only the garment" and "where the network looked".

const KEY = "catalog-audit.stage";

function preferences() {
  try {
    return { garment: false, attention: false, strength: 80, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { garment: false, attention: false, strength: 80 };
  }
}

/** Show the overlays of a flag the way the person left those of the last one. */
export function drawStage(flag) {
  const stage = flag.querySelector("[data-stage]");
  const base = stage.querySelector(".stage-base");
  if (!base) return;
  const wanted = preferences();
  const garment = stage.querySelector(".stage-garment");
  const attention = stage.querySelector(".stage-attention");
  const strength = wanted.strength / 100;
  if (garment) {
    garment.hidden = !wanted.garment;
    // Set here because the address may not stand in a style attribute (content security policy).
    garment.style.mask = `url("${garment.dataset.mask}") center / contain no-repeat`;
    base.style.opacity = wanted.garment ? String(1 - strength * 0.95) : "";
  }
  if (attention) {
    attention.hidden = !wanted.attention;
    attention.style.opacity = String(strength);
  }
  for (const button of flag.querySelectorAll("[data-overlay]")) {
    button.setAttribute("aria-pressed", String(Boolean(wanted[button.dataset.overlay]) && !button.disabled));
  }
  const slider = flag.querySelector("[data-strength]");
  if (slider) slider.value = String(wanted.strength);
}

function change(flag, changes) {
  localStorage.setItem(KEY, JSON.stringify({ ...preferences(), ...changes }));
  drawStage(flag);
}

export function toggleOverlay(flag, name) {
  change(flag, { [name]: !preferences()[name] });
}

export function setStrength(flag, strength) {
  change(flag, { strength });
}

/** Load a flag's pictures before it is shown. */
export function preloadPictures(flag) {
  for (const image of flag.querySelectorAll("img")) new Image().src = image.src;
  for (const image of flag.querySelectorAll("[data-mask]")) new Image().src = image.dataset.mask;
}
