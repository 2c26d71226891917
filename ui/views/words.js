// Words for what several views say of retention: reasons, and moments in the cameras' wall time.

import { archive } from "../core/archive.js";
import { clock, dayName, locale, shortDayName, size, t } from "../core/texts.js";
import { DAY, HOUR, MINUTE, SECOND, dayOf, format } from "../core/time.js";

/** @typedef {import("../core/held.js").Item} Item */

/** The reasons whose text needs values. @type {Record<string, (rule: any) => Record<string, string | number>>} */
const VALUES = {
  "older-than": ({ days }) => ({ days }),
  "camera-over": ({ limit, excess }) => ({ limit: size(limit), excess: size(excess) }),
  "archive-over": ({ limit, excess }) => ({ limit: size(limit), excess: size(excess) }),
  "free-space-under": ({ free, wanted }) => ({ free: size(free), wanted: size(wanted) }),
  "without-copy": ({ rule }) => ({ why: reasonOf(rule, "") }),
  "in-place": ({ rule }) => ({ why: rule ? reasonOf(rule, "") : "nothing" }),
};
const PLAIN = ["saved", "open", "restored", "floor", "wrong-date", "no-events", "not-copied", "deleted", "emptied", "put-back", "whole-archive", "withheld"];

/** @param {any} rule @param {string} sentence what the service says, for kinds that this page does not know @returns {string} */
function reasonOf(rule, sentence) {
  if (VALUES[rule?.kind]) return t(`reason-${rule.kind}`, VALUES[rule.kind](rule));
  if (PLAIN.includes(rule?.kind)) return t(`reason-${rule.kind}`);
  return rule?.text ?? sentence;
}

/** Why something is done with events. @param {{reason?: string, rule?: any}} item */
export const reason = ({ reason, rule }) => reasonOf(rule, reason ?? "");

/** The wall time of a moment (RFC 3339), as the API writes those of events. @param {string} moment */
export function wallTime(moment) {
  const offset = Math.round((archive.now - Date.now()) / MINUTE) * MINUTE;
  return format(Date.parse(moment) + offset);
}

/** A day in few words, with its year unless it is this one. @param {string} day */
export const shortDay = (day) => (day.slice(0, 4) === dayOf(archive.now).slice(0, 4) ? shortDayName(day) : dayName(day));

/** A wall time in words: `10:04`, or with its day if that is not today. @param {string} time */
export function momentOf(time) {
  const [day, hour] = [dayOf(time), clock(time).slice(0, 5)];
  return day === dayOf(archive.now) ? hour : `${shortDay(day)}, ${hour}`;
}

/** `in 3 hours`, `2 days ago` @param {number} ms from now */
export function relative(ms) {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  for (const [unit, length] of /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([["day", DAY], ["hour", HOUR], ["minute", MINUTE]])) {
    if (Math.abs(ms) >= length * (unit === "minute" ? 1 : 2)) return words.format(Math.trunc(ms / length), unit);
  }
  return words.format(Math.trunc(ms / SECOND), "second");
}

/** A moment in words with how far it is. @param {string} moment RFC 3339 */
export const when = (moment) => `${momentOf(wallTime(moment))} (${relative(Date.parse(moment) - Date.now())})`;

/** `12 %` @param {number} share from 0 to 1 */
export const percent = (share) => new Intl.NumberFormat(locale, { style: "percent" }).format(share);
