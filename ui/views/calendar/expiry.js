// Which days go next, by what the service plans and by the rules of age: what the calendar marks.

import { t } from "../../core/texts.js";
import { addDays } from "../../core/time.js";
import { reason } from "../words.js";

/** @typedef {{camera: string, isNext: boolean, text: string}} Expiry `isNext`: the next pass takes it */

const AHEAD = 7; // days that are looked ahead

/** For how many days a camera's events are kept by age; null for ever. @param {string[]} rules `30` or `Camera1=forever` @param {string} camera */
function keptDays(rules, camera) {
  const own = rules.find((rule) => rule.startsWith(`${camera}=`) && !rule.slice(camera.length + 1).includes("="));
  const rule = own?.slice(camera.length + 1) ?? rules.find((rule) => !rule.includes("="));
  return rule === undefined || rule === "forever" ? null : Number(rule);
}

/** What will take which day, by day. @param {any} retention @param {string[]} cameras @param {string} today */
export function expiries({ rules, plan }, cameras, today) {
  /** @type {Map<string, Expiry[]>} */
  const days = new Map();
  /** @param {string} day @param {Expiry} expiry */
  const add = (day, expiry) => days.set(day, [...(days.get(day) ?? []), expiry]);
  for (const item of plan?.items ?? []) {
    const { camera, day } = item;
    if (cameras.includes(camera)) add(day, { camera, isNext: true, text: t("calendar-goes-next", { camera, why: reason(item) }) });
  }
  for (const camera of cameras) {
    const kept = keptDays(rules.keep_days ?? [], camera);
    if (kept === null) continue;
    for (let ahead = 1; ahead <= AHEAD; ahead++) {
      const why = reason({ rule: { kind: "older-than", days: kept } });
      add(addDays(today, ahead - kept - 1), { camera, isNext: false, text: t("calendar-goes", { camera, days: ahead, why }) });
    }
  }
  return days;
}
