// Zoom and pan of the picture with everything that lies over it. Every flag begins with its whole picture.
import Panzoom from "../vendor/panzoom/panzoom-4.6.2.es.js";

const LARGEST = 8;
const DOUBLE_CLICK = 2.5;
const PAN_STEP = 80;
/** Panzoom divides measured widths, so the whole picture is not always exactly 1. */
const WHOLE = 1.001;

let zoom = null;
let waiting = 0;

/** Forget the picture that is gone and take up the one of this flag, once it has been painted. */
export function attachZoom(flag) {
  zoom?.destroy();
  zoom = null;
  cancelAnimationFrame(waiting);
  const canvas = flag?.querySelector("[data-canvas]");
  // Panzoom measures the page, which would make the key press wait for a layout.
  if (canvas) waiting = requestAnimationFrame(() => setTimeout(() => canvas.isConnected && attach(canvas)));
}

function attach(canvas) {
  const stage = canvas.parentElement;
  const shown = stage.querySelector("[data-zoom]");
  zoom?.destroy();
  zoom = Panzoom(canvas, {
    contain: "outside",
    minScale: 1,
    maxScale: LARGEST,
    panOnlyWhenZoomed: true,
    cursor: "zoom-in",
    touchAction: "pan-y", // a picture that is not enlarged does not keep the page from scrolling
  });
  let enlarged = false;
  canvas.addEventListener("panzoomchange", ({ detail: { scale } }) => {
    shown.value = `${Math.round(scale * 100)}%`;
    shown.hidden = scale <= WHOLE;
    if (enlarged === scale > WHOLE) return;
    enlarged = scale > WHOLE;
    zoom?.setOptions({ cursor: enlarged ? "grab" : "zoom-in", touchAction: enlarged ? "none" : "pan-y" });
  });
  if (stage.dataset.zoomable) return;
  stage.dataset.zoomable = "1";
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("dblclick", doubleClick);
}

function wheel(event) {
  // At its smallest the picture leaves the wheel to the page.
  if (!zoom || (zoom.getScale() <= WHOLE && event.deltaY > 0 && !event.ctrlKey)) return;
  zoom.zoomWithWheel(event);
}

function doubleClick(event) {
  if (!zoom || event.target.closest("button")) return;
  if (zoom.getScale() > WHOLE) zoomReset();
  else zoom.zoomToPoint(DOUBLE_CLICK, event);
}

// Without animation: Panzoom measures the picture to keep it in its frame, and in the middle of one it measures wrong.
export const zoomIn = () => zoom?.zoomIn({ animate: false });
export const zoomOut = () => zoom?.zoomOut({ animate: false });
/** After the frame that draws an earlier step, for the same reason. */
export const zoomReset = () => requestAnimationFrame(() => zoom?.reset({ animate: false }));

/** Move the view over the enlarged picture, in steps of the screen. */
export function look(right, down) {
  if (!zoom) return;
  const step = PAN_STEP / zoom.getScale();
  zoom.pan(-right * step, -down * step, { relative: true });
}
