// The span of time that the timeline shows: moving it, and the ticks of its axis. Times are milliseconds of wall time, as in core/time.js.

import { DAY, HOUR, MINUTE, SECOND } from "../../core/time.js";

/** @typedef {{from: number, to: number}} View */

export const SHORTEST = MINUTE;
export const LONGEST = 7 * DAY;
const STEPS = [10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY];
const APART = 72; // the least pixels between two ticks

/** @param {number} value @param {number} least @param {number} most */
export const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

/** @param {View} view @param {number} width @param {number} time */
export const toX = (view, width, time) => ((time - view.from) / (view.to - view.from)) * width;

/** @param {View} view @param {number} width @param {number} x */
export const toTime = (view, width, x) => view.from + (x / width) * (view.to - view.from);

/** @param {View} view @param {number} ms */
export const pan = (view, ms) => ({ from: view.from + ms, to: view.to + ms });

/** Makes the span longer by a factor, as far as it may be, while a time stays where it is. @param {View} view @param {number} factor @param {number} at */
export function zoom(view, factor, at) {
  const span = view.to - view.from;
  const by = clamp(span * factor, SHORTEST, LONGEST) / span;
  return { from: at - (at - view.from) * by, to: at + (view.to - at) * by };
}

/** The view of a valid length that is nearest, of which a part is in the bounds. @param {View} view @param {View} bounds */
export function fit(view, bounds) {
  const half = clamp(view.to - view.from, SHORTEST, LONGEST) / 2;
  const middle = clamp((view.from + view.to) / 2, bounds.from - half * 0.9, bounds.to + half * 0.9);
  return { from: middle - half, to: middle + half };
}

/** The ticks of an axis: so many that their labels have room. @param {View} view @param {number} width */
export function ticks({ from, to }, width) {
  const step = STEPS.find((each) => (each / (to - from)) * width >= APART) ?? DAY;
  /** @type {number[]} */
  const at = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) at.push(time);
  return { step, at };
}
