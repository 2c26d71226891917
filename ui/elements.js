// Helpers for elements.

export const MISSING = "images/missing.jpg";

export const $ = (id) => document.getElementById(id);

/** Creates an element with a class and a text, which is never markup. */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Puts elements into a parent in this order. Elements that are there already are not moved out, so they keep the focus. */
export function place(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}

/** Whether browsers can show a picture of this name. */
export const isShowable = (name) => !name.endsWith(".ppm");

/** The path of an event's picture; null without one that browsers can show. */
export const picture = (event) => (event.thumbnail && isShowable(event.thumbnail) ? local(event.thumbnail) : null);

/** The path of a file relative to this page, for any mount path and proxy. */
export const local = (path) => path.match(/(?:media|api\/v1\/days)\/[^/]+\/\d{4}-\d\d-\d\d\/.*/)[0];
