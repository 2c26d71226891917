// The counts of days: how many events each camera has in each hour. They are loaded by months, as views ask for them. `archive.js` says which
// cameras are shown, and passes on what changed.

import { fetchJson } from "./requests.js";
import { addDays, lastDay, monthsOf } from "./time.js";

/** @typedef {{camera: string, day: string, events: number, saved: number, reviewed?: number, loose: number, bytes: number | null, hours: number[]}} DayCounts */

export class Counts {
  /** @type {Map<string, Map<string, DayCounts>>} by day and camera, of the days that were asked for */
  #days = new Map();
  /** @type {Map<string, boolean>} by month (`2026-11`) that was asked for: whether its days are here */
  #months = new Map();
  #refreshes = 0;
  #tell;

  /** @param {() => void} tell is called when counts are there */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Loads the counts of the days of a span, both included, as far as they are not known. @param {string} from @param {string} to */
  load(from, to) {
    return this.#loadMonths(monthsOf(from, to));
  }

  /** Makes what is on its way outdated; returns what loads everything again. */
  refresh() {
    this.#refreshes++;
    const months = [...this.#months.keys()];
    this.#months.clear();
    return () => this.#loadMonths(months);
  }

  /** Asks for the days of months, the ones that follow each other together. @param {string[]} months */
  async #loadMonths(months) {
    const missing = months.filter((month) => !this.#months.has(month)).sort();
    /** @type {string[][]} */
    const runs = [];
    for (const month of missing) {
      this.#months.set(month, false);
      const run = runs.at(-1);
      if (run && addDays(lastDay(/** @type {string} */ (run.at(-1))), 1).startsWith(month)) run.push(month);
      else runs.push([month]);
    }
    await Promise.all(runs.map((run) => this.#read(`${run[0]}-01`, lastDay(/** @type {string} */ (run.at(-1)))).catch((error) => {
      for (const month of run) this.#months.delete(month);
      throw error;
    })));
  }

  /** @param {string} from @param {string} to */
  async #read(from, to) {
    const refreshes = this.#refreshes;
    /** @type {{days: DayCounts[]}} */
    const { days } = await fetchJson(`api/v1/days?${new URLSearchParams({ from, to })}`);
    if (refreshes !== this.#refreshes) return;
    for (const month of this.#months.keys()) if (from <= `${month}-01` && to >= lastDay(month)) this.#months.set(month, true);
    for (const day of this.#days.keys()) if (day >= from && day <= to) this.#days.delete(day);
    for (const counts of days) {
      if (!this.#days.has(counts.day)) this.#days.set(counts.day, new Map());
      this.#days.get(counts.day)?.set(counts.camera, counts);
    }
    this.#tell();
  }

  /** Loads the counts of days again, as far as their months were asked for, and of a month that has begun. @param {string[]} days sorted */
  async reload(days) {
    const to = /** @type {string} */ (days.at(-1));
    const known = [...this.#months.keys()].sort();
    if (known.length && to.slice(0, 7) > known[known.length - 1]) await this.load(to, to);
    const shown = days.filter((day) => this.#months.has(day.slice(0, 7)));
    if (shown.length) await this.#read(shown[0], /** @type {string} */ (shown.at(-1)));
  }

  /** The days of a span that are here. @param {string} from @param {string} to */
  between(from, to) {
    return [...this.#days.keys()].filter((day) => day >= from && day <= to);
  }

  /** The counts of a day, of all cameras. @param {string} day */
  of(day) {
    return [...(this.#days.get(day)?.values() ?? [])];
  }

  /** Whether it is known that an hour has no events. @param {string} hour `2026-11-20T10` */
  isEmpty(hour) {
    return this.#months.get(hour.slice(0, 7)) === true && this.of(hour.slice(0, 10)).every(({ hours }) => hours[Number(hour.slice(11))] === 0);
  }
}
