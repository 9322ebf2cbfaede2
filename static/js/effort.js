// The slider says what its place would mean while it is moved; the page itself follows when it rests (frame.js).
const WAIT = 120;
const slider = document.querySelector("[data-effort]");
const text = document.querySelector("[data-effort-text]");
const share = document.querySelector("[data-effort-share]");
let timer = 0;
let latest = 0;

async function ask() {
  const number = ++latest;
  const parameters = new URLSearchParams(new FormData(slider.form));
  const response = await fetch(`${slider.dataset.effort}?${parameters}`, { cache: "no-store" }).catch(() => null);
  // An answer that was overtaken by a later one is of no use; without one the old sentence would be wrong.
  if (number !== latest) return;
  text.innerHTML = response?.ok && !response.redirected ? await response.text() : "";
}

function show() {
  share.textContent = `${Math.round(Number(slider.value) * 100)}%`;
  slider.setAttribute("aria-valuetext", share.textContent);
}

slider.addEventListener("input", () => {
  show();
  clearTimeout(timer);
  if (text) timer = setTimeout(ask, WAIT);
});
show();
