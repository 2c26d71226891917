// What pointers and the wheel mean on the timeline, and the views that they lead to. It knows no element: it gets places, and says what is
// meant by them.

import { DAY } from "../../core/time.js";
import { clamp, pan, toTime, zoom } from "./scale.js";

/** @typedef {import("./scale.js").View} View */
/** @typedef {{id: number, x: number, y: number, isHeader?: boolean, isTouch?: boolean}} Place */
/**
 * @typedef {{kind: "hover" | "scrub" | "drop" | "click", x: number, y: number, isTouch: boolean, isHeader: boolean}
 *   | {kind: "pan", dx: number} | {kind: "pinch", before: number[], after: number[]}} Meant
 * `hover`: nothing is pressed; `scrub`: it is drawn over the lanes; `drop`: that ends; `pan`: it is drawn along the axis
 */

const SLOP = 4; // pixels that a click may move
const TOUCH_SLOP = 8;
const LINE = 16; // pixels of a line, for wheels that count lines

/** A turn of the wheel: a factor for the span, or pixels to pan by.
 * @param {{deltaX: number, deltaY: number, deltaMode: number, shiftKey: boolean, ctrlKey: boolean}} wheel */
export function turn({ deltaX, deltaY, deltaMode, shiftKey, ctrlKey }) {
  const unit = deltaMode ? LINE * (deltaMode === 1 ? 1 : 20) : 1;
  if (!ctrlKey && (shiftKey || Math.abs(deltaX) > Math.abs(deltaY))) return { pan: (deltaX || deltaY) * unit, factor: 1 };
  // A pinch on a trackpad arrives as ctrl and small steps.
  return { pan: 0, factor: Math.exp(ctrlKey ? clamp(deltaY * unit, -40, 40) / 80 : clamp(deltaY * unit, -200, 200) / 500) };
}

/** Two fingers went from one pair of places to another: what was under them still is. @param {View} view @param {number} width
 * @param {number[]} before @param {number[]} after */
export function pinch(view, width, before, after) {
  const apart = (/** @type {number[]} */ [one, other]) => Math.max(16, Math.abs(one - other));
  const middle = (/** @type {number[]} */ [one, other]) => (one + other) / 2;
  const zoomed = zoom(view, apart(before) / apart(after), toTime(view, width, middle(before)));
  return pan(zoomed, ((middle(before) - middle(after)) / width) * (zoomed.to - zoomed.from));
}

/** The days whose middle is the view's, as many as given, none of them after `last`. @param {View} view @param {number} count @param {number} last */
export function wholeDays(view, count, last) {
  const middle = Math.floor((view.from + view.to) / 2 / DAY) * DAY;
  const to = Math.min(middle + Math.ceil(count / 2) * DAY, Math.max(Math.ceil(last / DAY) * DAY, middle + DAY));
  return { from: to - count * DAY, to };
}

/** The pointers that are down, and what they do together. */
export class Pointers {
  /** @type {Map<number, Place>} */
  #down = new Map();
  /** @type {"" | "press" | "pan" | "scrub" | "pinch" | "over"} `over`: a finger of a pinch is still there, and means nothing */
  #doing = "";

  get isDown() {
    return this.#down.size > 0;
  }

  /** @param {Place} place */
  down(place) {
    this.#down.set(place.id, place);
    this.#doing = this.#down.size === 1 ? "press" : this.#down.size === 2 ? "pinch" : "over";
  }

  /** @param {Place} place @returns {Meant | null} */
  move(place) {
    const before = this.#down.get(place.id);
    if (!before) return this.isDown || place.isTouch ? null : meant("hover", place);
    if (this.#doing === "press") {
      if (Math.hypot(place.x - before.x, place.y - before.y) <= (before.isTouch ? TOUCH_SLOP : SLOP)) return null;
      this.#doing = before.isHeader ? "pan" : "scrub";
    }
    const xs = () => [...this.#down.values()].map(({ x }) => x);
    const old = xs();
    this.#down.set(place.id, { ...before, x: place.x, y: place.y });
    if (this.#doing === "pan") return { kind: "pan", dx: place.x - before.x };
    if (this.#doing === "scrub") return meant("scrub", place);
    return this.#doing === "pinch" ? { kind: "pinch", before: old, after: xs() } : null;
  }

  /** @param {Place} place @returns {Meant | null} */
  up(place) {
    const doing = this.#doing;
    const was = this.#down.get(place.id);
    this.cancel(place.id);
    if (!was || this.isDown) return null;
    if (doing === "press") return meant("click", was);
    return doing === "scrub" ? meant("drop", place) : null;
  }

  /** The browser took a pointer away, to scroll the page. @param {number} id */
  cancel(id) {
    this.#down.delete(id);
    this.#doing = this.isDown ? "over" : "";
  }
}

/** @param {"hover" | "scrub" | "drop" | "click"} kind @param {Place} place @returns {Meant} */
const meant = (kind, { x, y, isTouch = false, isHeader = false }) => ({ kind, x, y, isTouch, isHeader });
