// The days that have loose files: files of a flat layout that belong to no event. The service sends no notification of them, so
// they are asked for again after a while. The list shows them, and `pictures.js` what they are.

import { fetchJson } from "./requests.js";

const INTERVAL = 60_000; // between two requests, in milliseconds

let loose = new Map(); // the number of loose files by day
let asked = -Infinity; // when the last request began
// The first and the last of these days that were ever seen, for the range of the date's picker.
let [first, last] = ["", ""];

/** Whether it is time to ask again. */
export const isDue = () => performance.now() - asked > INTERVAL;

/** Asks for the days from `from` (if not empty) of a selection: `camera` or all, `saved` only, up to `day`. */
export async function loadDays({ camera, saved, day }, from) {
  const now = (asked = performance.now());
  const params = new URLSearchParams();
  if (camera) params.set("camera", camera);
  if (from) params.set("from", from);
  if (day) params.set("to", day);
  const { days } = saved ? { days: [] } : await fetchJson(`api/v1/days?${params}`); // no loose file is saved
  if (now !== asked) return; // a later request replaces this one
  loose = new Map();
  for (const { day, loose: count } of days) if (count > 0) loose.set(day, (loose.get(day) ?? 0) + count);
  const seen = [first, last, ...loose.keys()].filter(Boolean).sort();
  [first, last] = [seen[0] ?? "", seen.at(-1) ?? ""];
}

/** Forgets the days, and does not ask again by itself: the selection was refused. */
export function forgetDays() {
  asked = Infinity;
  loose = new Map();
}

/** The days with loose files. */
export const looseRange = () => [first, last].filter(Boolean);

/**
 * The loose files of the days to show, by day, and whether there are more days. While there are older events (`older`), days before
 * that of the last event shown are left out; without older events, there are at most `room` of them.
 */
export function looseDays(lastShown, older, room) {
  const days = [...loose.keys()].sort().reverse();
  const before = days.filter((day) => day < lastShown || !lastShown);
  const cut = new Set(older ? before : before.slice(room));
  return { shown: new Map(days.filter((day) => !cut.has(day)).map((day) => [day, loose.get(day)])), rest: !older && cut.size > 0 };
}
