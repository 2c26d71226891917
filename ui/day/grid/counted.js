// The list by counts: the hours of all days are known before their events. Days are known for a span, which grows as one nears its end.

import { address, showsHour } from "../../core/address.js";
import { archive, compareEvents } from "../../core/archive.js";
import { HOUR, addDays, dayOf, parse } from "../../core/time.js";

/** @typedef {import("../../core/archive.js").Event} Event */
/** @typedef {import("./layout.js").Day} Day */

const REACH = 31; // days before and after the one that is shown

/** @param {string} day @param {number} hour */
export const hourKey = (day, hour) => `${day}T${String(hour).padStart(2, "0")}`;

export class Counted {
  span = { from: "", to: "" };
  /** events that began after this one are left out @type {Event | null} */
  edge = null;

  /** Shows the days around one, or the newest. @param {string} day */
  async open(day) {
    const today = dayOf(archive.now);
    const last = archive.range ? archive.range.last : today;
    const center = day || last;
    this.span = { from: addDays(center, -REACH), to: addDays(center, REACH) };
    await this.#load();
  }

  /** Leaves out what is newer than an event, or nothing. @param {Event | null} edge */
  setEdge(edge) {
    this.edge = edge;
  }

  /** @param {string} day */
  reaches(day) {
    return this.span.from <= day && day <= this.span.to;
  }

  #load() {
    return archive.loadDays(this.span.from, this.span.to);
  }

  /** Loads the days again that a refresh has asked for. */
  refresh() {
    return this.#load();
  }

  /** Whether there is nothing beyond an end. @param {"up" | "down"} end */
  isWhole(end) {
    const { range } = archive;
    if (!range) return true;
    return end === "up" ? this.span.to >= range.last : this.span.from <= range.first;
  }

  /** Adds days at an end, the more the more often nothing was there. @param {"up" | "down"} end @param {number} reach */
  async grow(end, reach) {
    const days = REACH * reach;
    if (end === "up") this.span.to = addDays(this.span.to, days);
    else this.span.from = addDays(this.span.from, -days);
    await this.#load();
  }

  /** @returns {Day[]} */
  get days() {
    const { hours: shown } = address.state;
    const today = dayOf(archive.now);
    const days = archive.daysBetween(this.span.from, this.span.to).map((day) => ({
      day, from: day < today ? 24 : -1, hours: archive.hoursOf(day).map((count, hour) => (showsHour(shown, hour) ? this.#count(day, hour, count) : 0)),
    }));
    return days.filter(({ day, hours }) => hours.some(Boolean) || archive.counts(day).some(({ loose }) => loose > 0));
  }

  /** @param {string} day @param {number} hour @param {number} count */
  #count(day, hour, count) {
    const key = hourKey(day, hour);
    const edge = this.edge?.start;
    if (edge && key > edge.slice(0, 13)) return 0;
    if (edge?.startsWith(key)) return this.events(day, hour)?.length ?? count;
    return archive.sizeOf(key) ?? count;
  }

  /** The events of an hour; null if they are not here. @param {string} day @param {number} hour */
  events(day, hour) {
    const key = hourKey(day, hour);
    if (!archive.hasHour(key)) return null;
    const events = archive.eventsOfHour(key);
    const { edge } = this;
    return edge?.start.startsWith(key) ? events.filter((event) => compareEvents(event, edge) >= 0) : events;
  }

  /** How many events are left out because they are newer than the edge. */
  get held() {
    const { edge } = this;
    if (!edge) return 0;
    let sum = 0;
    for (const day of archive.daysBetween(dayOf(edge.start), addDays(dayOf(archive.now), 2))) {
      archive.hoursOf(day).forEach((count, hour) => {
        const key = hourKey(day, hour);
        if (key > edge.start.slice(0, 13) && showsHour(address.state.hours, hour)) sum += archive.sizeOf(key) ?? count;
      });
    }
    const key = edge.start.slice(0, 13);
    return sum + (archive.sizeOf(key) ?? 0) - (this.events(dayOf(key), Number(key.slice(11)))?.length ?? 0);
  }

  /** Loads the events of a span of hours, both included. @param {{day: string, hour: number}} newest @param {{day: string, hour: number}} oldest */
  load(newest, oldest) {
    return archive.load(parse(`${hourKey(oldest.day, oldest.hour)}:00:00`), parse(`${hourKey(newest.day, newest.hour)}:00:00`) + HOUR);
  }
}
