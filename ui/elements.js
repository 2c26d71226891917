// What every part of the page does with elements.

export const MISSING = "images/missing.jpg";

export const $ = (id) => document.getElementById(id);

/** An element with a class and a text; text is never markup. */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Puts elements into a parent in this order. What is there already stays as it is, with its focus. */
export function place(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}

/** The path of an event's picture; null where there is none that a browser can show. */
export const picture = (event) => (event.thumbnail && !event.thumbnail.endsWith(".ppm") ? local(event.thumbnail) : null);

/** A file's path below this page, wherever it is mounted, and whatever a proxy makes of where that is. */
export const local = (path) => path.match(/media\/[^/]+\/\d{4}-\d\d-\d\d\/.*/)[0];
