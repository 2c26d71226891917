// Which hours the timeline asks the archive for, and in which order: when it shows a span, and when one walks from mark to mark.

import { address, isFiltered } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { DAY, HOUR, addDays, dayOf, format, parse } from "../../core/time.js";
import { MOST, hourOf } from "./marks.js";

/** @typedef {import("./marks.js").Mark} Mark */

const AT_ONCE = 1000; // events that are asked for at once
const MONTH = 31; // days that one walks without an event, and whose counts are asked for at once

/** The number of events in an hour, or of a camera; at most so many under filters. @param {number} hour @param {(camera: string) => boolean} [isMeant] */
export function countOf(hour, isMeant = () => true) {
  return archive.counts(dayOf(hour)).reduce((sum, { camera, hours }) => sum + (isMeant(camera) ? hours[(hour % DAY) / HOUR] : 0), 0);
}

/** Loads what a view lacks, the newest first, until it would be too many. @param {import("./scale.js").View} view
 * @param {() => boolean} isStale whether another view is wanted by now */
export async function loadView(view, isStale) {
  await archive.loadDays(dayOf(view.from - HOUR), dayOf(view.to));
  const filtered = isFiltered(address.state);
  const [first, end] = [hourOf(view.from) - HOUR, view.to];
  let here = 0;
  let count = 0;
  for (let hour = first; hour < end; hour += HOUR) count += countOf(hour);
  if (!filtered && count > MOST) return;
  let [from, to, some] = [NaN, NaN, 0]; // a run of hours to ask for
  const ask = async () => {
    if (some) await archive.load(from, to);
    if (some && filtered) here += archive.eventsBetween(from, to).length;
    [from, to, some] = [NaN, NaN, 0];
  };
  for (let hour = hourOf(end - 1); hour >= first; hour -= HOUR) {
    const count = countOf(hour);
    const isHere = archive.hasHour(format(hour).slice(0, 13));
    if (isHere && filtered) here += archive.eventsBetween(hour, hour + HOUR).length;
    if (!count || isHere || some + count > AT_ONCE) await ask();
    if (isStale() || here > MOST) return;
    if (count && !isHere) [from, to, some] = [hour, some ? to : hour + HOUR, some + count];
  }
  await ask();
}

/** The mark after another one in time, or before it; null at the end. Hours on the way are loaded.
 * @param {import("./marks.js").Hours} hours @param {number} time @param {string} id of the mark where one is, or "" @param {1 | -1} direction
 * @param {import("./scale.js").View} bounds @returns {Promise<Mark | null>} */
export async function walk(hours, time, id, direction, bounds) {
  const filtered = isFiltered(address.state);
  let asked = 0;
  for (let hour = hourOf(time); direction > 0 ? hour <= bounds.to : hour + HOUR > bounds.from; hour += direction * HOUR) {
    if (!hours.get(hour)) {
      const day = dayOf(hour);
      const far = addDays(day, direction * MONTH);
      await archive.loadDays(direction > 0 ? day : far, direction > 0 ? far : day);
      if (countOf(hour) > 0) {
        if (filtered && ++asked > MONTH) return null;
        await (filtered ? archive.load(parse(day), parse(day) + DAY) : archive.load(hour, hour + HOUR));
      }
    }
    const marks = hours.get(hour)?.marks ?? [];
    const at = marks.findIndex(({ event }) => event.id === id);
    if (at >= 0 && marks[at + direction]) return marks[at + direction];
    if (at >= 0) continue;
    const found = direction > 0 ? marks.find(({ start }) => start >= time) : marks.findLast(({ start }) => start <= time);
    if (found) return found;
  }
  return null;
}
