// Where the list has to be so that a target is at its top: a day, or the event at or before a moment.

import { HOUR, dayOf, parse } from "../../core/time.js";
import { hourBefore, topOf } from "./layout.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{day: string, hour: number, index: number, id: string}} Goal the card of a moment */
/** @typedef {{y: number, goal: Goal | null, isSure: boolean}} Found `isSure`: nothing that is to be loaded can change it */

/** @param {import("./window.js").ListWindow} list @param {import("./window.js").Target} target @returns {Found | null} null if the list is empty */
export function findTarget(list, target) {
  const { layout, sizes } = list;
  /** @param {number} y @param {Goal | null} [goal] @returns {Found} */
  const sure = (y, goal = null) => ({ y, goal, isSure: true });
  if (!layout.days.length) return null;
  if (!target.at) return sure(target.day ? (layout.days.find(({ day }) => day <= target.day) ?? layout.days[layout.days.length - 1]).top : Math.min(0, list.y));
  let hour = Number(target.at.slice(11, 13));
  let found = hourBefore(layout, dayOf(target.at), hour);
  for (; found; found = hourBefore(layout, hour > 0 ? found.day : dayOf(parse(found.day) - HOUR), hour > 0 ? hour - 1 : 23)) {
    const events = list.eventsOf(found.day, found.hour);
    const index = events ? events.findIndex(({ start }) => start <= target.at) : 0;
    ({ hour } = found);
    if (index < 0) continue;
    const y = (topOf(layout, found.day, hour, index, sizes) ?? 0) - sizes.dayHead - (index < sizes.columns ? sizes.hourHead : 0);
    return events ? sure(y, { ...found, index, id: events[index].id }) : { y, goal: null, isSure: false };
  }
  return sure(layout.height);
}
