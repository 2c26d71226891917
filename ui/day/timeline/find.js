// Which mark of the timeline is near a place or another mark.

import { HOUR } from "../../core/time.js";
import { BACK, endOf, hourOf } from "./marks.js";

/** @typedef {import("./marks.js").Hours} Hours */
/** @typedef {import("./marks.js").Lanes} Lanes */
/** @typedef {import("./marks.js").Mark} Mark */

/** The mark of a lane that is nearest to a time, at most so far away. Of those at the time it is the one that began last.
 * @param {Hours} hours @param {Lanes} lanes @param {number} lane @param {number} time @param {number} away @param {number} now */
export function nearest(hours, lanes, lane, time, away, now) {
  /** @type {Mark | null} */
  let found = null;
  let least = away;
  for (let hour = hourOf(time) - BACK * HOUR; hour <= time + away; hour += HOUR) {
    for (const mark of hours.get(hour)?.marks ?? []) {
      if (lanes.of.get(mark.event.camera) !== lane) continue;
      const distance = Math.max(0, mark.start - time, time - endOf(mark, now));
      if (distance <= least) [found, least] = [mark, distance];
    }
  }
  return found;
}

/** The last mark of a lane that began before a time, within a day, as far as all hours between them are here. @param {Hours} hours
 * @param {Lanes} lanes @param {number} lane @param {number} time @param {(hour: number) => number} countOf @returns {Mark | null} */
export function before(hours, lanes, lane, time, countOf) {
  for (let hour = hourOf(time), nth = 0; nth < 24; nth++, hour -= HOUR) {
    const here = hours.get(hour);
    if (!here && countOf(hour) > 0) return null;
    const found = here?.marks.findLast(({ event, start }) => start <= time && lanes.of.get(event.camera) === lane);
    if (found) return found;
  }
  return null;
}

/** The marks of a lane around a mark, the nearest first. @param {Hours} hours @param {Lanes} lanes @param {Mark} mark @returns {Mark[]} */
export function neighbours(hours, lanes, mark) {
  const lane = lanes.of.get(mark.event.camera);
  const all = [-HOUR, 0, HOUR].flatMap((by) => hours.get(hourOf(mark.start) + by)?.marks ?? []);
  const near = all.filter(({ event }) => lanes.of.get(event.camera) === lane);
  const at = near.findIndex(({ event }) => event.id === mark.event.id);
  return [1, -1, 2, -2].map((by) => near[at + by]).filter((each) => each !== undefined);
}
