// What every page does: filters apply when they change, and their button goes away because it is needless then.
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", (event) => {
    // Another attribute has other values.
    for (const name of event.target.dataset.clears?.split(" ") ?? []) form.elements[name].value = "";
    for (const field of form.querySelectorAll("select")) field.disabled = !field.value;
    form.submit();
  });
  for (const button of form.querySelectorAll("[data-needless]")) button.hidden = true;
}

// A page that comes back from the browser's memory must not show disabled fields.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-submit-on-change] select")) field.disabled = false;
});

for (const button of document.querySelectorAll("button[data-confirm]")) {
  button.addEventListener("click", (event) => {
    if (!window.confirm(button.dataset.confirm)) event.preventDefault();
  });
}
