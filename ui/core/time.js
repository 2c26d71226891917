// The cameras' wall time. The API's times have no zone (`2026-11-20T10:04:35`), and the page never gives them one: they are counted
// in milliseconds as if they were UTC, so that no change to summer time in the browser's zone shifts them.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The milliseconds of a wall time or a day. @param {string} text */
export const parse = (text) => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);

/** The wall time of milliseconds, as the API takes it. @param {number} ms */
export const format = (ms) => new Date(ms).toISOString().slice(0, 19);

/** The day of milliseconds or of a wall time. @param {number | string} time */
export const dayOf = (time) => (typeof time === "string" ? time : format(time)).slice(0, 10);

/** The day so many days after another. @param {string} day @param {number} count */
export const addDays = (day, count) => dayOf(parse(day) + count * DAY);

/** The last day of a month. @param {string} month `2026-11` */
export const lastDay = (month) => addDays(`${dayOf(addDays(`${month}-01`, 32)).slice(0, 7)}-01`, -1);

/** The months of a span of days. @param {string} from @param {string} to */
export function monthsOf(from, to) {
  const months = [];
  for (let month = from.slice(0, 7); month <= to; month = addDays(lastDay(month), 1).slice(0, 7)) months.push(month);
  return months;
}

/** Whether a text is a valid day, as the API accepts it. @param {string} text */
export function isDay(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(parse(text)) && dayOf(parse(text)) === text;
}

/** Whether a text is a valid wall time. @param {string} text */
export const isTime = (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) && !Number.isNaN(parse(text)) && format(parse(text)) === text;

/** The milliseconds from the start of an event to its end. @param {{start: string, end: string}} event */
export const lengthOf = (event) => Math.max(0, parse(event.end) - parse(event.start));

/** What the cameras' clocks show now, if their zone is `+01:00` or such; the browser's zone without it. @param {string | null} zone */
export function now(zone) {
  const known = zone?.match(/^([+-])(\d\d):(\d\d)$/);
  if (!known) return Date.now() - new Date().getTimezoneOffset() * MINUTE;
  return Date.now() + (known[1] === "-" ? -1 : 1) * (Number(known[2]) * HOUR + Number(known[3]) * MINUTE);
}
