// The marks of the timeline: lanes, what is drawn in each hour (marks, or a density where there are too many), and the rectangles of the
// marks. Nothing here draws or loads.

import { DAY, HOUR, dayOf, format, parse } from "../../core/time.js";
import { clamp } from "./scale.js";

/** @typedef {import("../../core/archive.js").Event} Event */
/** @typedef {import("../../core/archive.js").DayCounts} DayCounts */
/** @typedef {import("./scale.js").View} View */
/** @typedef {{event: Event, start: number, end: number}} Mark */
/** @typedef {{marks: Mark[], low: number, high: number, isStale: boolean}} Hour `low`, `high`: the logarithms of the least and the greatest strength */
/** @typedef {{height: number, names: string[], of: Map<string, number>}} Lanes `names`: of each lane; `of`: the lane of a camera */
/** @typedef {{hasHour: (hour: string) => boolean, eventsOfHour: (hour: string) => Event[]}} Source */
/**
 * @typedef {object} Arranged
 * @property {Hour[]} hours whose marks are drawn @property {number} low @property {number} high
 * @property {number} count of events; those that are known, under filters
 * @property {boolean} isDense @property {boolean} isWhole whether all events are here
 * @property {number[]} blocks of the density: hour, lane, count, and so on @property {number} most the greatest count
 * @property {number[]} unknown hour, lane, and so on
 */

export const MOST = 5000; // marks of a view
export const LEAST = 3; // pixels: the width of a mark
const [THIN, THICK] = [6, 28]; // pixels: the height of a lane
export const BACK = 12; // hours before a view from which events may last into it
const HELD = 1000; // hours whose marks are held

/** Lanes for cameras in so many pixels. If there are too many cameras, neighbours share a lane. @param {string[]} cameras @param {number} room
 * @returns {Lanes} */
export function lanesOf(cameras, room) {
  const count = Math.max(1, Math.min(cameras.length, Math.floor(room / THIN)));
  const of = new Map(cameras.map((camera, nth) => [camera, Math.floor((nth * count) / cameras.length)]));
  const names = Array.from({ length: count }, (_, lane) => cameras.filter((camera) => of.get(camera) === lane).join(", "));
  return { height: clamp(Math.floor(room / count), THIN, THICK), names, of };
}

/** The start of the hour of a time. @param {number} time */
export const hourOf = (time) => Math.floor(time / HOUR) * HOUR;

/** The marks of the archive's hours. While the archive loads an hour again, its marks stay. */
export class Hours {
  /** @type {Map<number, Hour>} */
  #held = new Map();
  #source;

  /** @param {Source} source */
  constructor(source) {
    this.#source = source;
  }

  /** The marks of an hour, the oldest first; undefined if they are not here. @param {number} hour */
  get(hour) {
    const held = this.#held.get(hour);
    if (held && !held.isStale) return held;
    const name = format(hour).slice(0, 13);
    if (!this.#source.hasHour(name)) return held;
    const marks = this.#source.eventsOfHour(name).reverse().map((event) => ({ event, start: parse(event.start), end: parse(event.end) }));
    const peaks = marks.map(({ event }) => event.peak_change ?? 0).filter((peak) => peak > 0).map(Math.log);
    const made = { marks, low: Math.min(...peaks), high: Math.max(...peaks), isStale: false };
    this.#held.delete(hour);
    this.#held.set(hour, made);
    if (this.#held.size > HELD) this.#held.delete(this.#held.keys().next().value ?? 0);
    return made;
  }

  /** @param {{days: Set<string>, all: boolean}} changes */
  change({ days, all }) {
    for (const [hour, held] of this.#held) if (all || days.has(dayOf(hour)) || days.has(dayOf(hour + HOUR))) held.isStale = true;
  }

  clear() {
    this.#held.clear();
  }
}

/** What is drawn of a view. @param {View} view @param {Hours} hours @param {(day: string) => DayCounts[]} countsOf @param {Lanes} lanes
 * @param {boolean} isFiltered whether the counts are only upper bounds @returns {Arranged} */
export function arrange(view, hours, countsOf, lanes, isFiltered) {
  /** @type {Arranged} */
  const made = { hours: [], low: Infinity, high: -Infinity, count: 0, isDense: false, isWhole: true, blocks: [], most: 0, unknown: [] };
  /** @type {{hour: number, here: Hour | undefined, counts: number[]}[]} */
  const all = [];
  let [day, counts] = [NaN, /** @type {DayCounts[]} */ ([])];
  for (let hour = hourOf(view.from); hour < view.to; hour += HOUR) {
    if (Math.floor(hour / DAY) !== day) [day, counts] = [Math.floor(hour / DAY), countsOf(dayOf(hour))];
    const here = hours.get(hour);
    const each = inLanes(lanes, counts.map((of) => /** @type {[string, number]} */ ([of.camera, of.hours[(hour % DAY) / HOUR]])));
    made.count += isFiltered ? (here?.marks.length ?? 0) : each.reduce((sum, count) => sum + count, 0);
    all.push({ hour, here, counts: each });
  }
  made.isDense = made.count > MOST;
  for (const { hour, here, counts } of all) {
    if (!here && counts.some((count) => count > 0)) made.isWhole = false;
    if (here && !made.isDense) take(made, here);
    else counts.forEach((count, lane) => { if (count && isFiltered && !here) made.unknown.push(hour, lane); });
    if (here ? !made.isDense : isFiltered) continue;
    const known = isFiltered && here ? inLanes(lanes, here.marks.map(({ event }) => [event.camera, 1])) : counts;
    known.forEach((count, lane) => { if (count) made.blocks.push(hour, lane, count); });
    made.most = Math.max(made.most, ...known);
  }
  for (let nth = 1; nth <= BACK && !made.isDense; nth++) {
    const here = hours.get(hourOf(view.from) - nth * HOUR);
    if (here) made.hours.unshift(here);
  }
  return made;
}

/** @param {Arranged} made @param {Hour} hour */
function take(made, hour) {
  made.hours.push(hour);
  made.low = Math.min(made.low, hour.low);
  made.high = Math.max(made.high, hour.high);
}

/** The sums of each lane. @param {Lanes} lanes @param {[string, number][]} counts by camera */
function inLanes(lanes, counts) {
  const sums = /** @type {number[]} */ (Array(lanes.names.length).fill(0));
  for (const [camera, count] of counts) {
    const lane = lanes.of.get(camera);
    if (lane !== undefined) sums[lane] += count;
  }
  return sums;
}

/** When the bar of a mark ends. @param {Mark} mark @param {number} now */
export const endOf = ({ event, end }, now) => (event.state === "open" ? Math.max(end, now) : end);

/** The rectangles of the marks by style (left, upper edge, width, height, and so on): `fresh`, `seen` (reviewed), `open`; `saved` has those of
 * the others that are saved. Marks that would be in the same place are one. @param {Arranged} arranged @param {View} view
 * @param {number} width @param {Lanes} lanes @param {number} top @param {number} now */
export function pack({ hours, low, high }, view, width, lanes, top, now) {
  /** @type {Record<"fresh" | "seen" | "open" | "saved", number[]>} */
  const boxes = { fresh: [], seen: [], open: [], saved: [] };
  const scale = width / (view.to - view.from);
  const room = lanes.height - 1;
  /** @type {Record<keyof typeof boxes, number[]>} where the last one of each lane is */
  const last = { fresh: [], seen: [], open: [], saved: [] };
  for (const hour of hours) {
    for (const mark of hour.marks) {
      const { event } = mark;
      const end = endOf(mark, now);
      const lane = lanes.of.get(event.camera);
      if (lane === undefined || end < view.from || mark.start > view.to) continue;
      const x = Math.round(Math.max(-9, (mark.start - view.from) * scale));
      const w = Math.max(LEAST, Math.round(Math.min(width + 9, (end - view.from) * scale)) - x);
      const h = Math.max(3, Math.round(room * (0.4 + 0.6 * strength(event.peak_change, low, high))));
      const y = top + lane * lanes.height + room - h;
      const style = event.state === "open" ? "open" : event.reviewed ? "seen" : "fresh";
      for (const kind of event.saved ? /** @type {const} */ ([style, "saved"]) : [style]) {
        const [into, at] = [boxes[kind], last[kind][lane]];
        if (at !== undefined && into[at] === x && into[at + 2] === w) {
          if (h > into[at + 3]) [into[at + 1], into[at + 3]] = [y, h];
        } else last[kind][lane] = into.push(x, y, w, h) - 4;
      }
    }
  }
  return boxes;
}

/** From 0 to 1. @param {number | null} peak @param {number} low @param {number} high */
const strength = (peak, low, high) => (peak && high > low ? clamp((Math.log(peak) - low) / (high - low), 0, 1) : 0.5);
