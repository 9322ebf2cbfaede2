// As soon as a product list is chosen its first part is sent to the server, which says which column is what. The file
// itself goes with the form.
const BEGINNING = 256 * 1024;
const form = document.querySelector("form[data-columns]");
const preview = form.querySelector("[data-preview]");
const feed = form.elements.feed;
const shop = form.elements.shop;
const newShop = form.querySelector("[data-new-shop]");

function sayFailed() {
  const notice = document.createElement("p");
  notice.className = "notice notice-warning";
  notice.textContent = form.dataset.failed;
  preview.replaceChildren(notice);
}

async function showColumns() {
  const [file] = feed.files;
  preview.replaceChildren();
  if (!file) return;
  const body = new FormData();
  body.append("beginning", file.slice(0, BEGINNING), file.name);
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  try {
    const response = await fetch(form.dataset.columns, { method: "POST", body, redirect: "manual" });
    if (response.status !== 200 && response.status !== 422) return sayFailed();
    const html = await response.text();
    // Another file may have been chosen in the meantime.
    if (feed.files[0] === file) preview.innerHTML = html;
  } catch {
    sayFailed();
  }
}

function showNewShop() {
  newShop.hidden = Boolean(shop.value);
}

feed.addEventListener("change", showColumns);
shop.addEventListener("change", showNewShop);
showNewShop();
if (feed.files.length) showColumns();
