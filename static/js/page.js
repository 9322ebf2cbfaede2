// Parts of pages, fetched by the scripts of the pages that show them.

/** The inner part of a page: {url, element}. Throws when the server cannot be reached or asks to sign in. */
export async function fetchPage(url, kind) {
  const response = await fetch(url, { headers: { "X-Part": kind }, cache: "no-store" });
  if (new URL(response.url).pathname.startsWith("/sign-in/")) {
    location.reload();
    throw new Error("signed out");
  }
  if (!response.ok) throw new Error(`answer ${response.status}`);
  return { url: response.url, element: await elementOf(response) };
}

/** The element that an answer holds, in this document: from now on its pictures load. */
export async function elementOf(response) {
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return document.adoptNode(template.content.firstElementChild);
}
