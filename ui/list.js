// The list: a card for each event, below the heading of its day. Cards are kept as long as their event is shown and change
// in place, so that nobody loses what he points at or has the focus on.

import { $, make, MISSING, picture, place } from "./elements.js";
import { renew } from "./player.js";
import { dayName, length, when } from "./words.js";

const cards = new Map(); // by the event's id
const headings = new Map(); // by the day
let chosen = () => {}; // what happens with an event that is clicked

export function onChoice(then) {
  chosen = then;
}

// A picture that could not be had is asked for again after so many milliseconds, then four times as many, so often.
const [SOON, MOST_TRIES] = [2000, 4];

function card() {
  const button = make("button", "event");
  button.type = "button";
  const [frame, line] = [make("div", "frame"), make("p")];
  const [image, badge, star] = [make("img"), make("span", "badge"), make("span", "star", "★")];
  const blank = make("div", "blank"); // in place of a picture where there is none
  image.loading = "lazy";
  let isLost = false; // the picture could not be had
  let tries = 0; // how often it was asked for again since it was last seen
  image.addEventListener("error", () => {
    if (image.src.endsWith(MISSING)) return;
    isLost = true;
    image.src = MISSING;
    // The service may be back before the browser gives this request up, so that nothing else asks again.
    if (tries < MOST_TRIES) setTimeout(again, SOON * 4 ** tries++);
  });
  image.addEventListener("load", () => { if (!isLost) tries = 0; });
  const [time, camera, lasts] = [make("span", "time"), make("span", "camera"), make("span", "length")];
  frame.append(image, blank, badge, star);
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

/** Asks again for the pictures that could not be had, when the service can be reached again. */
export function again() {
  for (const card of cards.values()) card.again();
}

/** The element of this name, made if there is none yet. */
function kept(elements, name, made) {
  if (!elements.has(name)) elements.set(name, made(name));
  return elements.get(name);
}

/** Shows these events, the newest first; without any, what there is to say then. */
export function list(events, nothing) {
  const wanted = [];
  const [ids, days] = [new Set(), new Set()];
  for (const event of events) {
    const day = event.start.slice(0, 10);
    if (!days.has(day)) wanted.push(kept(headings, day, () => make("h2", "", dayName(day))));
    const { button, show } = kept(cards, event.id, card);
    show(event);
    wanted.push(button);
    ids.add(event.id);
    days.add(day);
  }
  for (const id of cards.keys()) if (!ids.has(id)) cards.delete(id);
  for (const day of headings.keys()) if (!days.has(day)) headings.delete(day);
  place($("events"), wanted.length ? wanted : [make("p", "empty", nothing)]);
}
