// The picture and what lies over it: "only the garment", "where the network looked" and "why not the label".

const KEY = "catalog-audit.stage";
/** The same as the slider's. */
const WEAKEST = 20;
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
  const isThere = (name) => flag.querySelector(`[data-overlay="${name}"]`)?.disabled === false;
  if (garment) {
    const shown = wanted.garment && isThere("garment");
    garment.hidden = !shown;
    // Set here because the address may not stand in a style attribute (content security policy).
    garment.style.mask = `url("${garment.dataset.mask}") center / contain no-repeat`;
    base.style.opacity = shown ? String(1 - strength * 0.95) : "";
  }
  for (const layer of stage.querySelectorAll("[data-layer]")) {
    layer.hidden = !(wanted[layer.dataset.layer] && isThere(layer.dataset.layer));
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

/** Make the overlays stronger or weaker by a step. */
export function changeStrength(flag, step) {
  setStrength(flag, Math.min(Math.max(preferences().strength + step, WEAKEST), 100));
}

/** Load a flag's pictures before it is shown, and have the one that is seen first decoded. */
export function preloadPictures(flag) {
  flag.querySelector(".stage-base")?.decode().catch(() => {}); // watchPictures tells when it stays broken
  for (const image of flag.querySelectorAll("[data-mask]")) new Image().src = image.dataset.mask;
}

/** Tell in words which pictures of a flag cannot be loaded, instead of showing nothing. */
export function watchPictures(flag) {
  const stage = flag.querySelector("[data-stage]");
  const base = stage.querySelector(".stage-base");
  if (!base) return;
  whenBroken(base, () => tell(stage, stage.dataset.textPicture));
  for (const layer of stage.querySelectorAll("[data-layer]")) {
    whenBroken(layer, () => loseOverlay(flag, layer.dataset.layer));
  }
  const garment = stage.querySelector(".stage-garment");
  if (!garment) return;
  // A mask of a style tells nobody that it cannot be loaded.
  const mask = new Image();
  mask.src = garment.dataset.mask;
  whenBroken(mask, () => loseOverlay(flag, "garment"));
}

function whenBroken(image, act) {
  if (image.complete && !image.naturalWidth) act();
  else image.addEventListener("error", act, { once: true });
}

function loseOverlay(flag, name) {
  const button = flag.querySelector(`[data-overlay="${name}"]`);
  if (!button) return;
  button.disabled = true;
  const stage = flag.querySelector("[data-stage]");
  const names = [...flag.querySelectorAll("[data-overlay][data-lost]")].map((other) => other.dataset.lost);
  button.dataset.lost = button.querySelector("span").textContent;
  tell(stage, `${stage.dataset.textOverlay} ${[...names, button.dataset.lost].join(", ")}.`);
  drawStage(flag);
}

function tell(stage, sentence) {
  const problem = stage.querySelector("[data-stage-problem]");
  problem.textContent = sentence;
  problem.hidden = false;
}
