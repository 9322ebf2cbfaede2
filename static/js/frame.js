// What every page does: filters apply when they change, and their button goes away because it is needless then.
const FOCUS = "catalog-audit.focus";
/** A slider that is moved by keys changes with every press: the page waits until it rests. */
const REST = 700;

const restricts = (field) => (field.type === "range" ? field.value !== field.min : Boolean(field.value));

for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  let timer = 0;
  const apply = (name) => {
    for (const field of form.querySelectorAll("select, input[type=range], input[type=search]")) field.disabled = !restricts(field);
    sessionStorage.setItem(FOCUS, name);
    form.submit();
  };
  form.addEventListener("change", (event) => {
    // Another attribute has other values.
    for (const name of event.target.dataset.clears?.split(" ") ?? []) form.elements[name].value = "";
    clearTimeout(timer);
    const { name, type } = event.target;
    if (type === "range") timer = setTimeout(() => apply(name), REST);
    else apply(name);
  });
  for (const button of form.querySelectorAll("[data-needless]")) button.hidden = true;
  // Whoever works by keyboard goes on where they were.
  const field = form.elements[sessionStorage.getItem(FOCUS)];
  sessionStorage.removeItem(FOCUS);
  (field instanceof RadioNodeList ? [...field].find((one) => one.checked) : field)?.focus({ preventScroll: true });
}

// A page that comes back from the browser's memory must not show disabled fields.
window.addEventListener("pageshow", () => {
  const fields = "form[data-submit-on-change] :is(select, input[type=range], input[type=search])";
  for (const field of document.querySelectorAll(fields)) field.disabled = false;
});

for (const button of document.querySelectorAll("button[data-confirm]")) {
  button.addEventListener("click", (event) => {
    if (!window.confirm(button.dataset.confirm)) event.preventDefault();
  });
}
