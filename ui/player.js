// The dialog: the movie of an event, its details, and its files.

import { $, local, make, picture } from "./elements.js";
import { statusOf } from "./requests.js";
import { length, number, size, when } from "./words.js";

let shown = null; // the event in the dialog
let chosen = null; // the URL of the movie, if it is not the main one
let isUnreachable = false; // the movie is loaded again when the service is reachable
let closed = () => {};

export function onClose(then) {
  closed = then;
}

function still(event, why) {
  const path = picture(event);
  const image = make(path === null ? "div" : "img", path === null ? "blank" : "");
  if (path === null) image.textContent = `${event.camera}, ${length(event)}`;
  else [image.alt, image.src] = ["", path];
  const had = $("stage").contains(document.activeElement);
  $("stage").replaceChildren(image, make("p", "", why));
  if (had) $("player").focus();
}

function movie(event) {
  if (!event.video) return still(event, "There is no movie of this event.");
  const video = make("video");
  video.controls = true;
  video.autoplay = true;
  video.muted = true;
  video.playsInline = true;
  if (picture(event) !== null) video.poster = picture(event);
  // Browsers cache parts of a movie; a growing movie gets another URL until it is complete.
  video.src = (chosen ?? local(event.video)) + (event.state === "open" ? `#${Date.now()}` : "");
  video.addEventListener("error", async () => {
    const status = await statusOf(video.src);
    if (!video.isConnected || shown === null) return;
    isUnreachable = status === null || status >= 500;
    still(event, why(shown, status));
  });
  $("stage").replaceChildren(video);
  if ($("player").open) video.focus();
}

/** Loads the movie again, when the service is reachable again. */
export function again() {
  if (!isUnreachable || shown === null) return;
  isUnreachable = false;
  movie(shown);
}

/** The reason why a movie does not play. */
function why({ state, location }, status) {
  if (status === null) return "The service cannot be reached. The movie is loaded when it can.";
  if (location !== "local" && status >= 500) return `The movie is in the store ${location}, which cannot be used now (${status}). Open the event again later.`;
  if (status === 404) return "The movie is not there any more.";
  if (status >= 400) return `The service does not send the movie (${status}).`;
  if (state === "open") return "It is still being recorded. The movie can be played when that is over.";
  if (state === "interrupted") return "The recording was interrupted, and its movie cannot be played.";
  return "This browser cannot play the movie.";
}

function facts(event) {
  const known = [length(event), event.frames === null ? null : `${number(event.frames)} frames`, size(event.bytes),
    event.state === "open" ? "recording" : event.state, event.saved ? "saved" : null,
    event.location === "local" ? null : `only in the store ${event.location}`];
  $("facts").textContent = known.filter((fact) => fact !== null).join(", ");
  for (const problem of event.problems) $("facts").append(make("br"), make("span", "bad", problem));
}

/** The links, with descriptive names for downloads. */
function files(event) {
  const name = event.id.replaceAll("/", " ");
  $("movie").hidden = !event.video;
  if (event.video) {
    $("movie").href = local(event.video);
    $("movie").download = name + event.video.slice(event.video.lastIndexOf("."));
  }
  const links = event.videos.length > 1 ? event.videos.map(link) : [];
  // Replaced only if they differ: one may have the focus.
  if (JSON.stringify(links.map(String)) !== JSON.stringify([...$("movies").children].map(String))) $("movies").replaceChildren(...links);
  $("zip").href = `api/v1/events/${event.id.split("/").map(encodeURIComponent).join("/")}.zip`;
  $("zip").download = `${name}.zip`;
}

/** A link that plays one of several movies of the event in the dialog. */
function link({ name, url }) {
  const link = make("a", "", name);
  link.href = local(url);
  link.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return; // opens another tab
    click.preventDefault();
    chosen = local(url);
    movie(shown);
  });
  return link;
}

function describe(event) {
  shown = event;
  facts(event);
  files(event);
}

export function play(event) {
  $("player-title").textContent = `${event.camera}, ${when(event)}`;
  isUnreachable = false;
  chosen = null;
  describe(event);
  movie(event);
  if (!$("player").open) $("player").showModal();
  // Otherwise the focus is on the close button, which the space bar activates.
  ($("stage").querySelector("video") ?? $("player")).focus();
}

/** The id of the event in the dialog; null if it is closed. */
export const playing = () => shown?.id ?? null;

export function stop() {
  if ($("player").open) $("player").close();
}

/** Updates the dialog if it shows this event; a movie that is complete now may play. */
export function renew(event) {
  if (event.id !== shown?.id) return;
  const isOver = shown.state === "open" && event.state !== "open";
  describe(event);
  if (isOver && !$("stage").querySelector("video")) movie(event);
}

$("close").addEventListener("click", () => $("player").close());
$("player").addEventListener("close", () => {
  shown = null;
  $("stage").replaceChildren();
  closed();
});
// The space bar plays and pauses, except on buttons and links.
$("player").addEventListener("keydown", (key) => {
  const video = $("stage").querySelector("video");
  if (key.key !== " " || key.target.closest("button, a")) return;
  key.preventDefault();
  if (video === null || key.repeat) return;
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}, true);
