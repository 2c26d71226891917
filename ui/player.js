// The dialog: an event's movie, what is known of it, and its files.

import { $, local, make, picture } from "./elements.js";
import { length, number, size, when } from "./words.js";

let shown = null; // the event in the dialog
let chosen = null; // the address of the movie that is played, if it is not the first
let isUnreachable = false; // its movie is asked for again when the service is back
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
  // Browsers remember for a while what they have read of a movie; one that grows has another address until it is whole.
  video.src = (chosen ?? local(event.video)) + (event.state === "open" ? `#${Date.now()}` : "");
  video.addEventListener("error", async () => {
    const status = await statusOf(video.src);
    if (!video.isConnected || shown === null) return;
    isUnreachable = status === null || status >= 500;
    still(event, why(shown.state, status));
  });
  $("stage").replaceChildren(video);
  if ($("player").open) video.focus();
}

/** What the service says of a file; null if it cannot be reached. */
async function statusOf(url) {
  try {
    return (await fetch(url, { method: "HEAD", cache: "no-store" })).status;
  } catch {
    return null;
  }
}

/** The service can be reached again. */
export function again() {
  if (!isUnreachable || shown === null) return;
  isUnreachable = false;
  movie(shown);
}

/** Why a movie does not play. */
function why(state, status) {
  if (status === null) return "The service cannot be reached. The movie is loaded when it can.";
  if (status === 404) return "The movie is not there any more.";
  if (status >= 400) return `The service does not send the movie (${status}).`;
  if (state === "open") return "It is still being recorded. The movie can be played when that is over.";
  if (state === "interrupted") return "The recording was interrupted, and its movie cannot be played.";
  return "This browser cannot play the movie.";
}

function facts(event) {
  const known = [length(event), event.frames === null ? null : `${number(event.frames)} frames`, size(event.bytes),
    event.state === "open" ? "recording" : event.state, event.saved ? "saved" : null];
  $("facts").textContent = known.filter((fact) => fact !== null).join(", ");
  for (const problem of event.problems) $("facts").append(make("br"), make("span", "bad", problem));
}

/** The links, with names that say on a disk what they are. */
function files(event) {
  const name = event.id.replaceAll("/", " ");
  $("movie").hidden = !event.video;
  if (event.video) {
    $("movie").href = local(event.video);
    $("movie").download = name + event.video.slice(event.video.lastIndexOf("."));
  }
  const links = event.videos.length > 1 ? event.videos.map(link) : [];
  // Made anew only where they are others: one may have the focus.
  if (JSON.stringify(links.map(String)) !== JSON.stringify([...$("movies").children].map(String))) $("movies").replaceChildren(...links);
  $("zip").href = `api/v1/events/${event.id.split("/").map(encodeURIComponent).join("/")}.zip`;
  $("zip").download = `${name}.zip`;
}

/** A link that plays one of several movies of the event in the dialog. */
function link({ name, url }) {
  const link = make("a", "", name);
  link.href = local(url);
  link.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return; // in another tab
    click.preventDefault();
    chosen = local(url);
    movie(shown);
  });
  return link;
}

function tell(event) {
  shown = event;
  facts(event);
  files(event);
}

export function play(event) {
  $("player-title").textContent = `${event.camera}, ${when(event)}`;
  isUnreachable = false;
  chosen = null;
  tell(event);
  movie(event);
  if (!$("player").open) $("player").showModal();
  // The first thing in the dialog is what closes it: a space there would.
  ($("stage").querySelector("video") ?? $("player")).focus();
}

/** The event in the dialog, if it is open. */
export const playing = () => shown?.id ?? null;

export function stop() {
  if ($("player").open) $("player").close();
}

/** Something else is known of an event. If it is looked at: a movie that is complete only now may play. */
export function renew(event) {
  if (event.id !== shown?.id) return;
  const isOver = shown.state === "open" && event.state !== "open";
  tell(event);
  if (isOver && !$("stage").querySelector("video")) movie(event);
}

$("close").addEventListener("click", () => $("player").close());
$("player").addEventListener("close", () => {
  shown = null;
  $("stage").replaceChildren();
  closed();
});
// The space bar plays and pauses wherever it does nothing else.
$("player").addEventListener("keydown", (key) => {
  const video = $("stage").querySelector("video");
  if (key.key !== " " || key.target.closest("button, a")) return;
  key.preventDefault();
  if (video === null || key.repeat) return;
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}, true);
