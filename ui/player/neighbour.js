// The event before or after another, in time and under the filters of the address.

import { address, showsHour } from "../core/address.js";
import { archive, compareEvents, filterParams } from "../core/archive.js";
import { fetchJson } from "../core/requests.js";
import { HOUR, format, parse } from "../core/time.js";

/** @typedef {import("../core/archive.js").Event} Event */

const LIMIT = 20; // events of a request: several may have the same start

/** The next event (1) or the previous one (-1); null if there is none.
 * @param {Event} event @param {1 | -1} direction @returns {Promise<Event | null>} */
export async function neighbour(event, direction) {
  /** @param {Event} other */
  const isBeyond = (other) => other.id !== event.id && compareEvents(event, other) > 0 === direction > 0 && isShown(other);
  const hour = Math.floor(parse(event.start) / HOUR) * HOUR;
  if (archive.hasHour(format(hour).slice(0, 13))) {
    const here = archive.eventsBetween(hour, hour + HOUR).filter(isBeyond);
    if (here.length) return /** @type {Event} */ (direction > 0 ? here.at(-1) : here[0]);
  }
  const params = filterParams();
  params.set(direction > 0 ? "from" : "to", event.start);
  params.set("order", direction > 0 ? "asc" : "desc");
  params.set("limit", String(LIMIT));
  for (let cursor = ""; ; params.set("cursor", cursor)) {
    /** @type {{events: Event[], next: string | null}} */
    const { events, next } = await fetchJson(`api/v1/events?${params}`);
    const found = events.find(isBeyond);
    if (found) return found;
    cursor = next ?? "";
    if (!cursor) return null;
  }
}

/** Loads the hour of an event, so that what is done to it shows at once. @param {Event} event */
export const loadHour = (event) => archive.load(parse(event.start), parse(event.start) + 1).catch(() => {});

/** @param {Event} event */
const isShown = (event) => showsHour(address.state.hours, Number(event.start.slice(11, 13)));
