// The bubble with the picture of the moment that the pointer is at, below the timeline or above it.

import { mediaPath, request } from "../../core/requests.js";
import { clock, shortDayName, t } from "../../core/texts.js";
import { dayOf, format } from "../../core/time.js";
import { clamp } from "./scale.js";
import { Pictures, tileAt, within } from "./scrub.js";

/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {Parameters<typeof tileAt>[0]} Index */
/** @typedef {import("./scrub.js").Held & {image: ImageBitmap, index?: Index}} Picture */
/**
 * @typedef {object} Moment
 * @property {number} time @property {number} x where the middle of the bubble should be @property {number} width of the timeline
 * @property {Mark | null} mark whose picture is shown @property {boolean} isSoft whether the mark only comes before the time
 * @property {boolean} [isStill] whether the picture for the whole event is enough
 * @property {string} text beside the time @property {Mark[]} next those whose pictures may be wanted soon
 */

const DWELL = 60; // milliseconds at an event, until its frames are asked for
const [WIDTH, HEIGHT, TEXT] = [320, 180, 40]; // pixels

/** For tests: `shown`, the id of the event whose picture is drawn and its tile (-1: the picture for the whole event), or null. */
export class Bubble {
  /** @type {Moment | null} */
  #moment = null;
  #dwelt = "";
  #timer = 0;
  /** @type {{id: string, tile: number} | null} */
  shown = null;
  /** @type {Pictures<Picture>} */
  #pictures = new Pictures(() => this.#draw());
  #box = document.createElement("div");
  #canvas = document.createElement("canvas");
  #texts = ["b", "span", "span"].map((name) => document.createElement(name));

  /** @param {HTMLElement} overlay beside which it is */
  constructor(overlay) {
    this.overlay = overlay;
    const line = document.createElement("p");
    line.append(...this.#texts);
    this.#box.append(this.#canvas, line);
    [this.#box.className, this.#box.hidden, this.#box.ariaHidden] = ["bubble", true, "true"];
    [this.#canvas.width, this.#canvas.height] = [WIDTH * 2, HEIGHT * 2];
    overlay.after(this.#box);
  }

  /** @param {Moment} moment */
  show(moment) {
    const { x, width, mark, time, isSoft, text } = moment;
    const wide = Math.min(WIDTH + 2, width * 0.7);
    if (this.#box.hidden) {
      const { top, bottom } = this.overlay.getBoundingClientRect();
      this.#box.classList.toggle("above", bottom + HEIGHT + TEXT > innerHeight && top > HEIGHT + TEXT);
      this.#box.style.width = `${wide}px`;
    }
    this.#box.style.transform = `translateX(${Math.round(clamp(x - wide / 2, 0, width - wide))}px)`;
    if (mark?.event.id !== this.#moment?.mark?.event.id) {
      this.#dwelt = "";
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => { this.#dwelt = mark?.event.id ?? ""; this.#want(); }, DWELL);
    }
    this.#moment = moment;
    [this.#box.hidden, this.#canvas.hidden] = [false, !mark];
    const told = isSoft && mark ? `${text}, ${t("timeline-before", { time: clock(mark.event.start) })}` : text;
    [clock(format(time)), told, told === text ? shortDayName(dayOf(time)) : ""].forEach((each, nth) => { this.#texts[nth].textContent = each; });
    this.#want();
    this.#draw();
  }

  hide() {
    if (!this.#moment) return;
    clearTimeout(this.#timer);
    [this.#box.hidden, this.#moment, this.shown] = [true, null, null];
    this.#pictures.want([]);
  }

  #want() {
    if (!this.#moment) return;
    const { mark, isSoft, isStill, next } = this.#moment;
    const hasFrames = mark && !isSoft && !isStill && this.#dwelt === mark.event.id && mark.event.state !== "open";
    this.#pictures.want([...(mark ? [still(mark)] : []), ...(hasFrames ? [frames(mark)] : []), ...next.map(still)]);
  }

  #draw() {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#moment) return;
    const { mark, time, isSoft, isStill } = this.#moment;
    const { width, height } = this.#canvas;
    const picture = mark && ((!isSoft && !isStill && this.#pictures.get(frames(mark).key)) || this.#pictures.get(still(mark).key));
    context.clearRect(0, 0, width, height);
    this.shown = null;
    if (!picture) return;
    const { image, index } = picture;
    const { tile, x, y, w, h } = index ? tileAt(index, (time - mark.start) / 1000) : { tile: -1, x: 0, y: 0, w: image.width, h: image.height };
    const [left, top, wide, high] = within(w, h, width, height);
    context.globalAlpha = isSoft ? 0.45 : 1;
    context.drawImage(image, x, y, w, h, left, top, wide, high);
    this.shown = { id: mark.event.id, tile };
  }
}

/** A picture of an event as it is now. @param {Mark} mark @param {string} kind
 * @param {(path: string, options: RequestInit) => Promise<Picture | "later">} load @returns {import("./scrub.js").Wanted} */
const wanted = ({ event }, kind, load) => ({
  key: `${kind} ${event.id} ${event.end} ${event.frames}`,
  load: async (signal) => {
    try {
      return await load(mediaPath(event.id), { signal });
    } catch (error) {
      return error.isPassing || error instanceof TypeError ? "later" : null; // null: the service refuses it, or it is broken
    }
  },
});

/** The picture for a whole event. @param {Mark} mark */
const still = (mark) => wanted(mark, "still", async (path, options) => pictureOf(await request(`${path}/thumbnail?w=${WIDTH}`, options)));

/** The frames of an event. @param {Mark} mark */
const frames = (mark) => wanted(mark, "frames", async (path, options) => {
  const response = await request(`${path}/sprite.json`, options);
  if (response.status === 202) return "later";
  const picture = await pictureOf(await request(`${path}/sprite.jpg`, options));
  return picture === "later" ? "later" : { ...picture, index: /** @type {Index} */ (await response.json()) };
});

/** @param {Response} response @returns {Promise<Picture | "later">} */
async function pictureOf(response) {
  if (response.status === 202) return "later";
  const image = await createImageBitmap(await response.blob());
  return { image, bytes: image.width * image.height * 4, close: () => image.close() };
}
