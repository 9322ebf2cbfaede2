// The picture and what lies over it: "only the garment", "where the network looked" and "why not the label".

const KEY = "catalog-audit.stage";
const DEFAULTS = { garment: false, attention: false, label: false, strength: 80 };
/** Two of these over each other could not be told apart: showing one hides the other. */
const OTHER = { attention: "label", label: "attention" };

function preferences() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return DEFAULTS;
  }
}

/** Show the overlays of a flag the way the person left those of the last one. */
export function drawStage(flag) {
  const stage = flag.querySelector("[data-stage]");
  const base = stage.querySelector(".stage-base");
  if (!base) return;
  const wanted = preferences();
  const garment = stage.querySelector(".stage-garment");
  const strength = wanted.strength / 100;
  if (garment) {
    garment.hidden = !wanted.garment;
    // Set here because the address may not stand in a style attribute (content security policy).
    garment.style.mask = `url("${garment.dataset.mask}") center / contain no-repeat`;
    base.style.opacity = wanted.garment ? String(1 - strength * 0.95) : "";
  }
  for (const layer of stage.querySelectorAll("[data-layer]")) {
    layer.hidden = !wanted[layer.dataset.layer];
    layer.style.opacity = String(strength);
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
  const shown = !preferences()[name];
  change(flag, shown && OTHER[name] ? { [name]: true, [OTHER[name]]: false } : { [name]: shown });
}

export function setStrength(flag, strength) {
  change(flag, { strength });
}

/** Load a flag's pictures before it is shown. */
export function preloadPictures(flag) {
  for (const image of flag.querySelectorAll("img")) new Image().src = image.src;
  for (const image of flag.querySelectorAll("[data-mask]")) new Image().src = image.dataset.mask;
}
