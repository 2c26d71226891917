// Movies and frames of events: which movies can be played as they are, what is made of the others, and why one does not play. Where they
// are shown is left to the stage.

import { isShowable, thumbnailPath, whenMade } from "../core/media.js";
import { local, statusOf } from "../core/requests.js";
import { t } from "../core/texts.js";
import { SECOND, dayOf, lengthOf, parse } from "../core/time.js";

/** @typedef {import("../core/archive.js").Event} Event */
/** @typedef {{name: string, bytes: number | null, url: string}} Picture */
/** @typedef {{at: string | null, reason: string, rule: any}} Expiry */
/** @typedef {Event & {images?: Picture[], expires?: Expiry | null}} Details an event as it is asked for alone */

const KINDS = { mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", mov: "video/quicktime" };

/** Why an event is not shown as it should be. `isPassing`: it may be later; `isGone`: the file is not there. */
export class Failure extends Error {
  /** @param {string} message @param {{isPassing?: boolean, isGone?: boolean}} [kind] */
  constructor(message, { isPassing = false, isGone = false } = {}) {
    super(message);
    this.isPassing = isPassing;
    this.isGone = isGone;
  }
}

/** The picture of an event, made as wide as it is needed; null if there is none. @param {Event} event @param {number} width */
export const thumbnail = (event, width) => (event.thumbnail ? thumbnailPath(event.id, width) : null);

/** Whether this browser may play a movie as it is. @param {string} url */
export function isNative(url) {
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (url.slice(url.lastIndexOf(".") + 1).toLowerCase())];
  return kind !== undefined && document.createElement("video").canPlayType(kind) !== "";
}

/** The movie of an event that is played unless another is chosen. @param {Event} event @returns {string | null} */
export const movieOf = (event) => (event.video ? local(event.video) : null);

/** The wall time that the name of a frame or movie tells (`10-04-39-02.jpg`), near the time of the event; null without one.
 * @param {string} name @param {Event} event */
export function timeOf(name, event) {
  const found = name.match(/(?:^|\D|\d{8})([01]\d|2[0-3])-?([0-5]\d)-?([0-5]\d)(?:\D|$)/);
  if (!found) return null;
  const start = parse(event.start);
  const time = parse(`${dayOf(event.start)}T${found[1]}:${found[2]}:${found[3]}`);
  return time < start - 12 * 3600 * SECOND ? time + 24 * 3600 * SECOND : time; // after midnight
}

/** The frames of an event that browsers show, each at its wall time. Names tell the second; the frames of a second are spread over it.
 * @param {Picture[]} pictures @param {Event} event @returns {import("./filmstrip.js").Frame[]} */
export function framesOf(pictures, event) {
  const shown = pictures.filter(({ name }) => isShowable(name) && !name.startsWith("thumbnail."));
  const [start, step] = [parse(event.start), lengthOf(event) / Math.max(1, shown.length - 1)];
  const frames = shown.map(({ name, url }, nth) => ({ url: local(url), at: timeOf(name, event) ?? start + step * nth }));
  for (let from = 0, to = 0; from < frames.length; from = to) {
    const second = frames[from].at;
    while (frames[to]?.at === second) to++;
    for (let nth = from; nth < to; nth++) frames[nth].at += (SECOND * (nth - from)) / (to - from);
  }
  return frames;
}

/** A movie's element, with the picture that it has until it begins. @param {Event} event */
export function newVideo(event) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, defaultMuted: true, playsInline: true, preload: "auto", poster: thumbnail(event, 640) ?? "" });
  video.ariaLabel = t("movie-of", { camera: event.camera });
  return video;
}

/** Loads a movie into its element until the first frame is there: the movie as it is, or what is made of it. Throws a `Failure`.
 * @param {HTMLVideoElement} video @param {Details} event @param {string} source
 * @param {AbortSignal} signal @param {(progress: number) => void} [tell] how far the making of a movie is, from 0 to 1 */
export async function open(video, event, source, signal, tell = () => {}) {
  /** @type {Failure | undefined} */
  let why;
  if (isNative(source)) {
    if (await begins(video, source, signal)) return;
    why = await causeOf(event, source);
  }
  const isFirst = source === movieOf(event);
  const isFinal = why && (why.isPassing || why.isGone || event.state === "open");
  if (!isFirst || !event.playable || isFinal) throw why ?? new Failure(t("movie-unplayable"));
  // Nothing can be made of most movies that were cut off, and that takes seconds to find out.
  if (why && event.state === "interrupted" && event.frames) throw why;
  const playable = local(event.playable);
  try {
    await whenMade(playable, { headers: { Range: "bytes=0-0" }, signal }, { tell });
  } catch (error) {
    if (signal.aborted) throw error;
    const text = error.status ? t("movie-not-made", { why: error.message }) : t("movie-unreachable");
    throw why ?? new Failure(text, { isPassing: [0, 503].includes(error.status) });
  }
  if (!(await begins(video, playable, signal))) throw why ?? (await causeOf(event, playable));
}

/** Whether a movie begins. @param {HTMLVideoElement} video @param {string} url @param {AbortSignal} signal @returns {Promise<boolean>} */
function begins(video, url, signal) {
  return new Promise((done, fail) => {
    signal.addEventListener("abort", () => fail(signal.reason));
    video.addEventListener("loadeddata", () => done(true), { once: true, signal });
    video.addEventListener("error", () => done(false), { once: true, signal });
    video.src = url;
  });
}

/** Why a file of an event cannot be had or shown. @param {Details} event @param {string} url @returns {Promise<Failure>} */
export async function causeOf(event, url) {
  const status = await statusOf(url);
  const isStored = event.location && event.location !== "local";
  if (status === 0) return new Failure(t("movie-unreachable"), { isPassing: true });
  if (status >= 500) {
    return new Failure(isStored ? t("store-away", { store: event.location, status }) : t("movie-refused", { status }), { isPassing: true });
  }
  if (status === 404) return new Failure(t("movie-gone"), { isGone: true });
  if (status >= 400) return new Failure(t("movie-refused", { status }));
  if (event.state === "open") return new Failure(t("movie-open"));
  return new Failure(event.state === "interrupted" ? t("movie-interrupted") : t("movie-unplayable"));
}

/** @type {WeakMap<HTMLVideoElement, number>} the distance of two frames in seconds, as far as it was seen */
const distances = new WeakMap();

/** Measures the distance of the frames of a movie while it plays. @param {HTMLVideoElement} video */
export function measureFrames(video) {
  if (!video.requestVideoFrameCallback) return;
  let last = -1;
  const seen = (/** @type {number} */ _now, /** @type {{mediaTime: number}} */ { mediaTime }) => {
    const distance = mediaTime - last;
    if (last >= 0 && distance > 0.005 && distance < (distances.get(video) ?? 1)) distances.set(video, distance);
    last = mediaTime;
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
}

/** The distance of two frames, in seconds. @param {HTMLVideoElement} video */
export const frameLength = (video) => distances.get(video) ?? 1 / 25;
