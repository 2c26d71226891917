// Draws the timeline on its canvas. What is where comes from marks.js and scale.js; colours come from the style sheet of the page.

import { locale } from "../../core/texts.js";
import { DAY, HOUR, MINUTE } from "../../core/time.js";
import { ticks, toX } from "./scale.js";

/**
 * @typedef {object} Scene
 * @property {import("./scale.js").View} view @property {import("./marks.js").Lanes} lanes @property {import("./marks.js").Arranged} arranged
 * @property {ReturnType<typeof import("./marks.js").pack>} boxes @property {(hour: number) => boolean} shows whether an hour of the day is shown
 * @property {[number, string, number][]} lines times, with the names of their colours and their widths
 * @property {number[] | null} focus the rectangle of the mark that has the focus
 */

export const AXIS = 20; // pixels: the height of the axis
const NAMED = 12; // the least height of a lane that shows its name

const [clock, seconds, day] = [{ minute: "2-digit" }, { minute: "2-digit", second: "2-digit" }, { weekday: "short", day: "numeric" }].map((options) =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...("day" in options ? {} : { hour: "2-digit" }), .../** @type {{}} */ (options) }));

export class Painter {
  #size = "";
  #width = 0;
  #height = 0;
  /** @type {Map<string, {text: string, width: number}>} names as they are shown, by the room for them */
  #cut = new Map();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.readColours();
  }

  /** Takes the colours of the theme. */
  readColours() {
    const { canvas } = this;
    /** @type {Record<string, string>} */
    this.colours = {};
    for (const name of ["text", "soft", "line", "edge", "mark", "good", "card", "back"]) {
      canvas.style.color = `var(--${name})`;
      this.colours[name] = getComputedStyle(canvas).color;
    }
    this.open = this.#stripes(this.colours.mark, this.colours.card);
    this.unknown = this.#stripes(this.colours.line, "transparent");
  }

  /** @param {string} one @param {string} other */
  #stripes(one, other) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const context = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
    context.fillStyle = other;
    context.fillRect(0, 0, 8, 8);
    [context.strokeStyle, context.lineWidth] = [one, 3];
    for (const x of [-8, 0, 8]) {
      context.moveTo(x - 2, 10);
      context.lineTo(x + 10, -2);
    }
    context.stroke();
    return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
  }

  /** @param {Scene} scene @param {number} width @param {number} height */
  paint(scene, width, height) {
    const { canvas, context } = this;
    const size = `${width} ${height} ${devicePixelRatio}`;
    if (size !== this.#size) [canvas.width, canvas.height] = [width, height].map((pixels) => Math.round(pixels * devicePixelRatio));
    [this.#size, this.#width, this.#height] = [size, width, height];
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.#fill("back", 0, 0, width, AXIS);
    this.#fill("card", 0, AXIS, width, height);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.#axis(scene);
    this.#density(scene);
    this.#marks(scene);
    this.#dim(scene);
    this.#names(scene.lanes);
    this.#lines(scene);
  }

  /** @param {string} colour @param {number} x @param {number} y @param {number} w @param {number} h */
  #fill(colour, x, y, w, h) {
    this.context.fillStyle = this.colours[colour];
    this.context.fillRect(x, y, w, h);
  }

  /** @param {Scene} scene */
  #axis({ view, lanes }) {
    const { step, at } = ticks(view, this.#width);
    for (let lane = 1; lane < lanes.names.length; lane++) this.#fill("line", 0, AXIS + lane * lanes.height - 1, this.#width, 1);
    for (const time of at) {
      const x = Math.round(toX(view, this.#width, time));
      const isDay = time % DAY === 0;
      this.#fill(isDay ? "edge" : "line", x, isDay ? 0 : 14, 1, this.#height);
      this.context.fillStyle = this.colours[isDay ? "text" : "soft"];
      this.context.fillText((isDay ? day : step < MINUTE ? seconds : clock).format(time), x + 4, AXIS / 2);
    }
  }

  /** @param {Scene} scene */
  #density({ view, lanes, arranged: { blocks, unknown, most } }) {
    const { context } = this;
    context.globalAlpha = 0.6;
    for (let at = 0; at < blocks.length; at += 3) {
      const [x, w] = this.#place(view, blocks[at]);
      const h = Math.max(2, Math.round((lanes.height - 1) * Math.sqrt(blocks[at + 2] / most)));
      this.#fill("mark", x, AXIS + (blocks[at + 1] + 1) * lanes.height - 1 - h, w - 1, h);
    }
    context.globalAlpha = 1;
    context.fillStyle = this.unknown;
    for (let at = 0; at < unknown.length; at += 2) {
      const [x, w] = this.#place(view, unknown[at]);
      context.fillRect(x, AXIS + unknown[at + 1] * lanes.height, w - 1, lanes.height - 1);
    }
  }

  /** Where an hour is. @param {import("./scale.js").View} view @param {number} hour */
  #place(view, hour) {
    const x = Math.round(toX(view, this.#width, hour));
    return [x, Math.max(2, Math.round(toX(view, this.#width, hour + HOUR)) - x)];
  }

  /** @param {Scene} scene */
  #marks({ boxes: { fresh, seen, open, saved }, lanes }) {
    const { context, colours } = this;
    this.#bars(seen, colours.edge, 0);
    this.#bars(seen, colours.card, 1);
    this.#bars(fresh, colours.mark, 0);
    this.#bars(open, this.open, 0);
    const size = Math.min(4, lanes.height / 3);
    context.beginPath();
    for (let at = 0; at < saved.length; at += 4) {
      const [x, y] = [saved[at] + Math.min(saved[at + 2], 10) / 2, saved[at + 1]];
      context.moveTo(x - size, y);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size * 1.2);
    }
    [context.strokeStyle, context.lineWidth, context.fillStyle] = [colours.card, size / 2, colours.good];
    context.stroke();
    context.fill();
  }

  /** Fills rectangles, the wide ones with round corners. @param {number[]} boxes @param {string | CanvasPattern} style
   * @param {number} inset pixels that are left out at every edge */
  #bars(boxes, style, inset) {
    const { context } = this;
    context.fillStyle = style;
    context.beginPath();
    for (let at = 0; at < boxes.length; at += 4) {
      const [x, y, w, h] = [boxes[at] + inset, boxes[at + 1] + inset, boxes[at + 2] - 2 * inset, boxes[at + 3] - 2 * inset];
      if (w < 6) context.fillRect(x, y, w, h);
      else context.roundRect(x, y, w, h, 2);
    }
    context.fill();
  }

  /** Dims the hours that are not shown. @param {Scene} scene */
  #dim({ view, shows }) {
    this.context.globalAlpha = 0.65;
    for (let hour = Math.floor(view.from / HOUR) * HOUR; hour < view.to; hour += HOUR) {
      if (!shows((hour % DAY) / HOUR)) this.#fill("back", this.#place(view, hour)[0], AXIS, this.#place(view, hour)[1], this.#height);
    }
    this.context.globalAlpha = 1;
  }

  /** @param {import("./marks.js").Lanes} lanes */
  #names(lanes) {
    if (lanes.height < NAMED) return;
    const { context } = this;
    const most = Math.min(140, this.#width / 4);
    lanes.names.forEach((name, lane) => {
      const middle = AXIS + (lane + 0.5) * lanes.height;
      const { text, width } = this.#fitting(name, most);
      context.globalAlpha = 0.7;
      this.#fill("card", 0, middle - 7, width + 8, 13);
      context.globalAlpha = 1;
      context.fillStyle = this.colours.text;
      context.fillText(text, 4, middle);
    });
  }

  /** As much of a name as there is room for. @param {string} name @param {number} most pixels */
  #fitting(name, most) {
    const key = `${most} ${name}`;
    const known = this.#cut.get(key);
    if (known) return known;
    const letters = [...name];
    const shown = (/** @type {number} */ count) => (count === letters.length ? name : `${letters.slice(0, count).join("").trimEnd()}…`);
    const widthOf = (/** @type {number} */ count) => this.context.measureText(shown(count)).width;
    let [fits, beyond] = [0, letters.length + 1];
    while (beyond - fits > 1) {
      const half = (fits + beyond) >> 1;
      if (widthOf(half) <= most) fits = half;
      else beyond = half;
    }
    const cut = { text: shown(fits), width: widthOf(fits) };
    this.#cut.set(key, cut);
    return cut;
  }

  /** @param {Scene} scene */
  #lines({ view, lines, focus }) {
    const { context, colours } = this;
    for (const [time, colour, width] of lines) this.#fill(colour, Math.round(toX(view, this.#width, time) - width / 2), 0, width, this.#height);
    if (!focus) return;
    const [x, y, w, h] = focus;
    for (const [colour, width] of /** @type {const} */ ([["card", 5], ["text", 2]])) {
      [context.strokeStyle, context.lineWidth] = [colours[colour], width];
      context.strokeRect(x - 2, y - 1, w + 4, h + 2);
    }
  }
}
