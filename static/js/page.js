// Parts of pages, fetched by the scripts of the pages that show them.

/** The inner part of a page with its address: {url, element}. Throws when the server cannot be reached or asks to sign in. */
export async function fetchPage(url, kind) {
  const response = await fetch(url, { headers: { "X-Part": kind }, cache: "no-store" });
  if (new URL(response.url).pathname.startsWith("/sign-in/")) {
    location.reload();
    throw new Error("signed out");
  }
  if (!response.ok) throw new Error(`answer ${response.status}`);
  const element = await elementOf(response);
  // What is shown may have an address of its own, other than the question that led to it.
  const { address } = element.dataset;
  return { url: address ? new URL(address, response.url).href : response.url, element };
}

/** The element that an answer holds, in this document: from now on its pictures load. */
export async function elementOf(response) {
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return document.adoptNode(template.content.firstElementChild);
}
