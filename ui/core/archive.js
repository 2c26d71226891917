// What the page knows of the archive: cameras, days with their counts, and the events of the hours that were asked for, under the filters
// of the address. It follows the live stream. Views ask it, and draw again when it says `change`; they keep no events of their own.

import { address, filtersOf } from "./address.js";
import { eventPath, fetchJson } from "./requests.js";
import { Stream } from "./stream.js";
import { HOUR, dayOf, format, lengthOf, now, parse } from "./time.js";

/**
 * @typedef {object} Event
 * @property {string} id @property {string} camera @property {string} start @property {string} end
 * @property {"open" | "complete" | "interrupted"} state @property {boolean} saved @property {boolean} [reviewed]
 * @property {number | null} frames @property {number | null} bytes @property {string | null} video
 * @property {{name: string, bytes: number | null, url: string}[]} videos @property {string | null} debug_video
 * @property {string | null} thumbnail @property {string | null} playable @property {string | null} preview
 * @property {number | null} peak_change @property {string[]} problems @property {string} location
 */
/** @typedef {{camera: string, day: string, events: number, saved: number, reviewed?: number, loose: number, bytes: number | null, hours: number[]}} DayCounts */
/** @typedef {{name: string, port: number, events: number, saved: number, bytes: number | null, first_day: string | null, last_day: string | null, live?: boolean, forecast?: any}} Camera */
/** @typedef {{name: string, role: string, cameras: string[] | null, signed_in: boolean, session: boolean}} User */
/**
 * @typedef {object} Status
 * @property {"loading" | "ready" | "reading" | "away" | "refused"} kind `reading`: the service still reads the archive or a part of it hangs
 * @property {string} why
 * @property {number | null} days @property {number | null} daysDone
 */
/** @typedef {{events: Set<string>, days: Set<string>, all: boolean}} Changes ids and days that changed; `all`: anything may have */

const LIMIT = 1000; // events of a request
const MAX_HOURS = 1500; // hours whose events are kept
const SETTLE = 250; // milliseconds in which changes are gathered

/** The newest first, as in the API. @param {Event} a @param {Event} b */
export function compareEvents(a, b) {
  for (const key of /** @type {const} */ (["start", "camera", "id"])) if (a[key] !== b[key]) return a[key] < b[key] ? 1 : -1;
  return 0;
}

/** The parameters of the API for the filters of the address. */
export function filterParams() {
  const { cameras, saved, unreviewed, min, strength, region } = address.state;
  const params = new URLSearchParams();
  for (const camera of cameras) params.append("camera", camera);
  if (saved) params.set("saved", "true");
  if (unreviewed) params.set("reviewed", "false");
  if (min) params.set("min_seconds", String(min));
  if (strength) params.set("min_change", String(strength));
  if (region.length) params.set("region", region.join());
  return params;
}

/** Whether an event fits the filters; null if only the service knows. @param {Event} event */
function fits(event) {
  const { cameras, saved, unreviewed, min, strength, region } = address.state;
  if (cameras.length && !cameras.includes(event.camera)) return false;
  if ((saved && !event.saved) || (unreviewed && event.reviewed)) return false;
  if (lengthOf(event) < min * 1000 || (strength && (event.peak_change ?? 0) < strength)) return false;
  return region.length ? null : true;
}

/** Events: `change` (detail: {@link Changes}), `status`, `cameras`. */
class Archive extends EventTarget {
  /** @type {Camera[]} */
  cameras = [];
  /** @type {string | null} the zone of the cameras' clocks, `+01:00` */
  zone = null;
  /** @type {User | null} */
  me = null;
  /** @type {Status} */
  status = { kind: "loading", why: "", days: null, daysDone: null };
  /** @type {string[]} what an admin has to know */
  alerts = [];
  stream = new Stream();

  /** @type {Map<string, Map<string, DayCounts>>} by day and camera, of the days that were asked for */
  #days = new Map();
  /** @type {{from: string, to: string} | null} the days that were asked for, both included */
  #daysAsked = null;
  /** @type {Map<string, Map<string, Event>>} by hour (`2026-11-20T10`) and id, the hours used last at the end */
  #hours = new Map();
  /** @type {Map<string, Promise<void>>} by hour: what is on its way */
  #loading = new Map();
  /** Changes with everything that makes events on their way outdated. */
  #generation = 0;
  /** @type {Changes | null} */
  #changes = null;

  /** Whether the user may save, delete and restore. */
  get canWrite() {
    return this.me?.role === "admin";
  }

  /** Whether the user may also make and confirm passes, which are of all cameras. */
  get canWriteAll() {
    return this.canWrite && this.me?.cameras === null;
  }

  /** What the cameras' clocks show, in milliseconds. */
  get now() {
    return now(this.zone);
  }

  /** The first and the last day with anything, of the cameras that are shown; null without one. */
  get range() {
    const shown = this.#shown(this.cameras, (camera) => camera.name);
    const days = shown.flatMap((camera) => [camera.first_day, camera.last_day]).filter((day) => day !== null).sort();
    return days.length ? { first: /** @type {string} */ (days[0]), last: /** @type {string} */ (days.at(-1)) } : null;
  }

  /** Loads what every view needs, and begins to follow the stream. */
  async start() {
    address.addEventListener("change", (change) => {
      if (filtersOf(/** @type {CustomEvent} */ (change).detail) !== filtersOf(address.state)) this.#forgetHours();
    });
    this.stream.addEventListener("open", () => this.refresh());
    this.stream.addEventListener("reset", () => this.refresh());
    this.stream.addEventListener("lost", () => this.#setStatus({ ...this.status, kind: "away" }));
    this.stream.addEventListener("put", (message) => this.put(/** @type {CustomEvent} */ (message).detail));
    this.stream.addEventListener("remove", (message) => this.remove(/** @type {CustomEvent} */ (message).detail));
    this.stream.addEventListener("pass", () => this.readiness().catch(() => {}));
    await this.refresh();
    this.stream.start();
  }

  /** Loads everything again that is shown: something may have been missed. */
  async refresh() {
    this.#generation++;
    this.#loading.clear();
    this.#hours.clear();
    try {
      this.me ??= await fetchJson("api/v1/me");
      const asked = this.#daysAsked;
      this.#daysAsked = null;
      await Promise.all([this.#loadCameras(), this.readiness(), asked && this.loadDays(asked.from, asked.to)]);
    } catch (error) {
      this.fail(error);
    }
    this.#note({ all: true });
  }

  /** Shows that a request failed; the service may be away. @param {Error & {status?: number, isPassing?: boolean}} error */
  fail(error) {
    this.#setStatus({ ...this.status, kind: error.status === 0 || error.isPassing ? "away" : "refused", why: error.message });
  }

  async #loadCameras() {
    const { cameras, zone } = await fetchJson("api/v1/cameras");
    [this.cameras, this.zone] = [cameras, zone ?? null];
    this.dispatchEvent(new CustomEvent("cameras"));
  }

  /** Asks whether the service is ready, and for its alerts. */
  async readiness() {
    const response = await fetch("readyz");
    const ready = await response.json();
    this.alerts = ready.alerts ?? [];
    const why = Object.entries(ready.waiting).map(([part, reason]) => reason || part).join("; ");
    this.#setStatus({ kind: ready.ready ? "ready" : "reading", why, days: ready.days ?? null, daysDone: ready.days_done ?? null });
    if (!ready.ready) setTimeout(() => this.readiness().catch(() => {}), 2000);
  }

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    this.dispatchEvent(new CustomEvent("status"));
  }

  /** @template T @param {T[]} all @param {(each: T) => string} camera */
  #shown(all, camera) {
    const { cameras } = address.state;
    return cameras.length ? all.filter((each) => cameras.includes(camera(each))) : all;
  }

  /** Loads the counts of the days of a span, both included, as far as they are not known. @param {string} from @param {string} to */
  async loadDays(from, to) {
    const asked = this.#daysAsked;
    if (asked && asked.from <= from && asked.to >= to) return;
    const span = { from: asked && asked.from < from ? asked.from : from, to: asked && asked.to > to ? asked.to : to };
    this.#daysAsked = span;
    await this.#readDays(span.from, span.to);
  }

  /** @param {string} from @param {string} to */
  async #readDays(from, to) {
    const generation = this.#generation;
    /** @type {{days: DayCounts[]}} */
    const { days } = await fetchJson(`api/v1/days?${new URLSearchParams({ from, to })}`);
    if (generation !== this.#generation) return;
    for (const day of this.#days.keys()) if (day >= from && day <= to) this.#days.delete(day);
    for (const counts of days) {
      if (!this.#days.has(counts.day)) this.#days.set(counts.day, new Map());
      this.#days.get(counts.day)?.set(counts.camera, counts);
    }
    this.#note({ all: true });
  }

  /** The days of a span that have anything, of the cameras that are shown, the newest first. @param {string} from @param {string} to */
  daysBetween(from, to) {
    return [...this.#days.keys()].filter((day) => day >= from && day <= to && this.counts(day).length > 0).sort().reverse();
  }

  /** The counts of a day by camera, of the cameras that are shown. @param {string} day @returns {DayCounts[]} */
  counts(day) {
    return this.#shown([...(this.#days.get(day)?.values() ?? [])], (counts) => counts.camera);
  }

  /** The number of events in each hour of a day, of the cameras that are shown. @param {string} day */
  hoursOf(day) {
    const sums = Array(24).fill(0);
    for (const { hours } of this.counts(day)) hours.forEach((count, hour) => { sums[hour] += count; });
    return sums;
  }

  /** Whether the events of an hour are here. @param {string} hour `2026-11-20T10` */
  hasHour(hour) {
    return this.#hours.has(hour);
  }

  /** The events of an hour that are here, the newest first. @param {string} hour */
  eventsOfHour(hour) {
    return [...(this.#hours.get(hour)?.values() ?? [])].sort(compareEvents);
  }

  /** The events of a span that are here, the newest first. @param {number} from @param {number} to milliseconds of wall time */
  eventsBetween(from, to) {
    /** @type {Event[]} */
    const found = [];
    for (let at = Math.floor(from / HOUR) * HOUR; at < to; at += HOUR) {
      for (const event of this.#hours.get(format(at).slice(0, 13))?.values() ?? []) {
        const start = parse(event.start);
        if (start >= from && start < to) found.push(event);
      }
    }
    return found.sort(compareEvents);
  }

  /** Loads the events of all hours of a span that are not here. @param {number} from @param {number} to milliseconds of wall time */
  async load(from, to) {
    /** @type {Promise<void>[]} */
    const waits = [];
    let missing = 0; // how many hours before `at` have to be asked for
    let at = Math.floor(from / HOUR) * HOUR;
    const ask = () => {
      if (missing) waits.push(this.#ask(at - missing * HOUR, at));
      missing = 0;
    };
    for (; at < to; at += HOUR) {
      const hour = format(at).slice(0, 13);
      const loading = this.#loading.get(hour);
      if (loading) waits.push(loading);
      if (loading || this.#hours.has(hour)) ask();
      else missing++;
    }
    ask();
    await Promise.all(waits);
  }

  /** Asks for the events of whole hours. @param {number} from @param {number} to */
  #ask(from, to) {
    const hours = Array.from({ length: (to - from) / HOUR }, (_, nth) => format(from + nth * HOUR).slice(0, 13));
    const generation = this.#generation;
    const loading = (async () => {
      const params = filterParams();
      params.set("from", format(from));
      params.set("to", format(to - 1000));
      params.set("limit", String(LIMIT));
      /** @type {Event[]} */
      const events = [];
      for (let cursor = ""; ; params.set("cursor", cursor)) {
        const page = await fetchJson(`api/v1/events?${params}`);
        if (generation !== this.#generation) return;
        events.push(...page.events);
        cursor = page.next ?? "";
        if (!cursor) break;
      }
      for (const hour of hours) this.#hours.set(hour, new Map());
      for (const event of events) this.#hours.get(event.start.slice(0, 13))?.set(event.id, event);
      for (const hour of [...this.#hours.keys()].slice(0, Math.max(0, this.#hours.size - MAX_HOURS))) this.#hours.delete(hour);
      this.#note({ events: events.map(({ id }) => id), days: hours.map((hour) => hour.slice(0, 10)) });
    })().finally(() => {
      for (const hour of hours) if (this.#loading.get(hour) === loading) this.#loading.delete(hour);
    });
    for (const hour of hours) this.#loading.set(hour, loading);
    return loading;
  }

  /** An event that is here. @param {string} id @returns {Event | undefined} */
  get(id) {
    const [, day = "", time = ""] = id.split("/");
    // An event may begin a little before the time in its id.
    const guess = this.#hours.get(`${day}T${time.slice(0, 2)}`)?.get(id);
    if (guess) return guess;
    for (const events of this.#hours.values()) if (events.has(id)) return events.get(id);
    return undefined;
  }

  /** One event as the service has it now, with its pictures (`images`) and when it expires. @param {string} id */
  fetch(id) {
    return fetchJson(eventPath(id));
  }

  /** Adds or replaces an event: the stream or an action says what it is now. @param {Event} event */
  put(event) {
    const known = this.get(event.id);
    const next = { ...event, reviewed: event.reviewed ?? known?.reviewed ?? false };
    const fit = fits(next) ?? known !== undefined;
    if (known && known.start !== next.start) this.#hours.get(known.start.slice(0, 13))?.delete(event.id);
    const hour = this.#hours.get(next.start.slice(0, 13));
    if (fit) hour?.set(next.id, next);
    else hour?.delete(next.id);
    this.#note({ events: [event.id], days: [dayOf(event.start)] });
    if (!known || known.saved !== next.saved) this.#recountOf(event.id);
  }

  /** Removes an event. @param {string} id */
  remove(id) {
    const known = this.get(id);
    if (known) this.#hours.get(known.start.slice(0, 13))?.delete(id);
    this.#note({ events: [id], days: [id.split("/")[1]] });
    this.#recountOf(id);
  }

  /** @param {string} id */
  #recountOf(id) {
    this.recountDay(id.split("/")[1]);
  }

  /** Loads the counts of a day again soon, together with those of other days that changed. @param {string} day */
  recountDay(day) {
    this.#dirty.add(day);
    if (this.#dirty.size > 1) return;
    setTimeout(async () => {
      const days = [...this.#dirty].sort();
      this.#dirty.clear();
      const [from, to] = [days[0], /** @type {string} */ (days.at(-1))];
      const asked = this.#daysAsked;
      if (asked && to > asked.to) asked.to = to; // the next day has begun
      if (asked && to >= asked.from) await this.#readDays(from < asked.from ? asked.from : from, to).catch(() => {});
      await this.#loadCameras().catch(() => {});
    }, SETTLE);
  }
  /** @type {Set<string>} days whose counts changed */
  #dirty = new Set();

  #forgetHours() {
    this.#generation++;
    this.#loading.clear();
    this.#hours.clear();
    this.#note({ all: true });
  }

  /** Says `change` soon, once for all changes until then. @param {{events?: string[], days?: string[], all?: boolean}} changes */
  #note({ events = [], days = [], all = false }) {
    if (!this.#changes) {
      this.#changes = { events: new Set(), days: new Set(), all: false };
      queueMicrotask(() => {
        const detail = this.#changes;
        this.#changes = null;
        this.dispatchEvent(new CustomEvent("change", { detail }));
      });
    }
    for (const id of events) this.#changes.events.add(id);
    for (const day of days) this.#changes.days.add(day);
    this.#changes.all ||= all;
  }
}

export const archive = new Archive();
