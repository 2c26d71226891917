// Which hours of a span the timeline asks the archive for, and in which order.

import { address, isFiltered } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { DAY, HOUR, dayOf, format } from "../../core/time.js";
import { MOST, hourOf } from "./marks.js";

const AT_ONCE = 1000; // events that are asked for at once

/** The number of events in an hour, or of a camera; at most so many under filters. @param {number} hour @param {(camera: string) => boolean} [isMeant] */
export function countOf(hour, isMeant = () => true) {
  return archive.counts(dayOf(hour)).reduce((sum, { camera, hours }) => sum + (isMeant(camera) ? hours[(hour % DAY) / HOUR] : 0), 0);
}

/** Loads what a view lacks, the newest first, until it would be too many. @param {import("./scale.js").View} view
 * @param {() => boolean} isStale whether another view is wanted by now */
export async function loadView(view, isStale) {
  await archive.loadDays(dayOf(view.from - HOUR), dayOf(view.to));
  const [first, end] = [hourOf(view.from) - HOUR, view.to];
  let here = 0;
  let count = 0;
  for (let hour = first; hour < end; hour += HOUR) count += countOf(hour);
  if (count > MOST && !isFiltered(address.state)) return;
  let [from, to, some] = [NaN, NaN, 0]; // a run of hours to ask for; the archive asks only for those that are not here
  const ask = async () => {
    if (some) await archive.load(from, to);
    for (let hour = from; hour < to; hour += HOUR) here += archive.sizeOf(format(hour).slice(0, 13)) ?? 0;
    [from, to, some] = [NaN, NaN, 0];
  };
  for (let hour = hourOf(end - 1); hour >= first; hour -= HOUR) {
    const count = countOf(hour);
    if (!count || some + count > AT_ONCE) await ask();
    if (isStale() || here > MOST) return;
    if (count) [from, to, some] = [hour, some ? to : hour + HOUR, some + count];
  }
  await ask();
}
