// The list: a card for each event, below the heading of its day, which also offers the day's loose files. Cards and headings stay
// as long as they are shown and change in place, so that pointer and focus stay on them.

import { $, make, MISSING, picture, place } from "./elements.js";
import { renew } from "./player.js";
import { counted, dayName, length, when } from "./words.js";

const cards = new Map(); // by event id
const headings = new Map(); // by day
let chosen = () => {}; // called with the event that is clicked
let dayChosen = () => {}; // called with the day whose loose files are clicked

export function onChoice(then) {
  chosen = then;
}

export function onDayChoice(then) {
  dayChosen = then;
}

// A picture that fails to load is retried after this time in milliseconds, then after four times the last delay.
const [RETRY_DELAY, MAX_RETRIES] = [2000, 4];

function card() {
  const button = make("button", "event");
  button.type = "button";
  const [frame, line] = [make("div", "frame"), make("p")];
  const [image, badge, star] = [make("img"), make("span", "badge"), make("span", "star", "★")];
  const store = make("span", "badge stored"); // where its files are, if not in the archive
  const blank = make("div", "blank"); // in place of a missing picture
  image.loading = "lazy";
  let isLost = false; // loading failed
  let tries = 0; // retries since the last success
  image.addEventListener("error", () => {
    if (image.src.endsWith(MISSING)) return;
    isLost = true;
    image.src = MISSING;
    // The service may be back before this request fails; then only this timer retries.
    if (tries < MAX_RETRIES) setTimeout(again, RETRY_DELAY * 4 ** tries++);
  });
  image.addEventListener("load", () => { if (!isLost) tries = 0; });
  const [time, camera, lasts] = [make("span", "time"), make("span", "camera"), make("span", "length")];
  frame.append(image, blank, badge, star, store);
  line.append(time, camera, lasts);
  button.append(frame, line);

  let [shown, text] = [null, ""];
  button.addEventListener("click", () => chosen(shown));

  function show(event) {
    if (event === shown) return;
    const now = JSON.stringify(event);
    if (now === text) return;
    [shown, text] = [event, now];
    button.dataset.id = event.id;
    image.alt = `${event.camera}, ${when(event)}`;
    const path = picture(event);
    [image.hidden, blank.hidden] = [path === null, path !== null];
    blank.textContent = `${event.camera}, ${length(event)}`;
    if (path === null) image.removeAttribute("src");
    else if (image.getAttribute("src") !== path) image.src = path;
    badge.hidden = event.state === "complete";
    badge.className = `badge ${event.state}`;
    badge.textContent = event.state === "open" ? "recording" : event.state;
    star.hidden = !event.saved;
    store.hidden = event.location === "local";
    store.textContent = `in ${event.location}`;
    time.textContent = event.start.slice(11);
    camera.textContent = event.camera;
    lasts.textContent = length(event);
    renew(event);
  }
  function again() {
    const path = picture(shown);
    if (path === null || (!isLost && !(image.complete && image.naturalWidth === 0))) return;
    isLost = false;
    image.src = path;
  }
  return { button, show, again };
}

/** Loads the failed pictures again, when the service is reachable again. */
export function again() {
  for (const card of cards.values()) card.again();
}

/** The element of this name, created if it does not exist. */
function kept(elements, name, made) {
  if (!elements.has(name)) elements.set(name, made(name));
  return elements.get(name);
}

/** The heading of a day, with a button if the day has loose files. */
function heading(day) {
  const element = make("div", "day");
  const button = make("button");
  button.type = "button";
  button.addEventListener("click", () => dayChosen(day));
  element.append(make("h2", "", dayName(day)), button);
  const show = (loose) => {
    button.hidden = !loose;
    button.textContent = `${counted(loose, "file")} without an event`;
    button.setAttribute("aria-label", `${button.textContent}, ${dayName(day)}`);
  };
  return { element, show };
}

/** Shows these events, the newest first, and the days with `loose` files (their number by day), or the text of an empty list. */
export function list(events, loose, nothing) {
  const ofDay = new Map([...loose.keys()].map((day) => [day, []]));
  for (const event of events) kept(ofDay, event.start.slice(0, 10), () => []).push(event);
  const wanted = [];
  const ids = new Set();
  for (const day of [...ofDay.keys()].sort().reverse()) {
    const { element, show } = kept(headings, day, heading);
    show(loose.get(day) ?? 0);
    wanted.push(element);
    for (const event of ofDay.get(day)) {
      const { button, show } = kept(cards, event.id, card);
      show(event);
      wanted.push(button);
      ids.add(event.id);
    }
  }
  for (const id of cards.keys()) if (!ids.has(id)) cards.delete(id);
  for (const day of headings.keys()) if (!ofDay.has(day)) headings.delete(day);
  place($("events"), wanted.length ? wanted : [make("p", "empty", nothing)]);
}
