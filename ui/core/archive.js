// What the page knows of the archive: cameras, days with their counts, and the events of the hours that were asked for, under the filters
// of the address. It follows the live stream. Views ask it, and draw again when it says `change`; they keep no events of their own.

import { address, filtersOf, isFiltered } from "./address.js";
import { Counts } from "./counts.js";
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
/** @typedef {import("./counts.js").DayCounts} DayCounts */
/** @typedef {{name: string, port: number, events: number, saved: number, bytes: number | null, first_day: string | null, last_day: string | null, live?: boolean, forecast?: any}} Camera */
/** @typedef {{name: string, role: string, cameras: string[] | null, signed_in: boolean, session: boolean}} User */
/**
 * @typedef {object} Status
 * @property {"loading" | "ready" | "reading" | "away" | "refused"} kind `reading`: the service still reads the archive or a part of it hangs
 * @property {string} why @property {boolean} [isSilent] whether the service was reached and did not respond
 * @property {string[]} parts the parts of the service that are not ready, without a reason: users of some cameras get none
 * @property {number | null} days @property {number | null} daysDone
 */
/** @typedef {{events: Set<string>, days: Set<string>, all: boolean}} Changes ids and days that changed; `all`: anything may have */

const LIMIT = 1000; // events of a request
const MAX_HOURS = 1500; // hours whose events are kept
const SETTLE = 100; // milliseconds in which changes are gathered
const READING = 2000; // milliseconds until what the service has read meanwhile is shown
const OPENING = 500; // milliseconds that the first requests wait for the stream
const LOOK = 60_000; // milliseconds between two questions for alerts, of which the stream says nothing
const RETRY = 3000; // milliseconds until what failed is asked for again, as long as the stream is there

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

/** Events: `change` (detail: {@link Changes}), `status`, `cameras`, `refresh` (everything is loaded again: something may have been missed). */
class Archive extends EventTarget {
  /** @type {Camera[]} */
  cameras = [];
  /** Whether the cameras are known. */
  hasCameras = false;
  /** @type {string | null} the zone of the cameras' clocks, `+01:00` */
  zone = null;
  /** @type {User | null} */
  me = null;
  /** @type {Status} */
  status = { kind: "loading", why: "", parts: [], days: null, daysDone: null };
  /** @type {string[]} what an admin has to know */
  alerts = [];
  stream = new Stream();

  #counts = new Counts(() => this.#note({ all: true }));
  /** @type {Map<string, Map<string, Event>>} by hour (`2026-11-20T10`) and id, the hours used last at the end */
  #hours = new Map();
  /** @type {Set<string>} the hours of `#hours` that may be outdated, and are loaded again when they are asked for */
  #stale = new Set();
  /** @type {Map<string, Event>} events of the filters that a view has got by itself */
  #others = new Map();
  /** @type {Map<string, Promise<void>>} by hour: what is on its way */
  #loading = new Map();
  /** @type {Map<string, Event | null>} by id: what was put, or removed (null), while its hour was on its way */
  #late = new Map();
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

  /** Begins to follow the stream, and loads what every view needs. What is loaded once the stream is open misses nothing; where it does not open
   * soon, since the page is hidden or a proxy holds it back, it is loaded before. */
  start() {
    address.addEventListener("change", (change) => {
      if (filtersOf(/** @type {CustomEvent} */ (change).detail) === filtersOf(address.state)) return;
      this.#forgetHours();
      if (this.status.kind === "refused") this.readiness().catch(() => {});
    });
    this.stream.addEventListener("open", () => this.refresh());
    this.stream.addEventListener("reset", () => this.refresh());
    this.stream.addEventListener("lost", () => this.#probe());
    this.stream.addEventListener("put", (message) => this.put(/** @type {CustomEvent} */ (message).detail));
    this.stream.addEventListener("remove", (message) => this.remove(/** @type {CustomEvent} */ (message).detail));
    this.stream.addEventListener("pass", () => this.readiness().catch(() => {}));
    setInterval(() => { if (this.stream.isOpen) this.readiness().catch((error) => this.fail(error)); }, LOOK);
    this.#refreshIn(document.hidden ? 0 : OPENING);
    this.stream.start();
  }

  /** Loads everything again that is shown: something may have been missed. */
  async refresh() {
    clearTimeout(this.#timer);
    this.#generation++;
    this.#loading.clear();
    this.#stale = new Set(this.#hours.keys());
    this.#late.clear();
    const loadCounts = this.#counts.refresh();
    this.dispatchEvent(new CustomEvent("refresh"));
    try {
      await Promise.all([this.#loadMe(), this.#loadCameras(), this.readiness(), loadCounts()]);
    } catch (error) {
      this.fail(error);
    }
    this.#note({ all: true });
  }
  #timer = 0;

  /** The stream ended: the service is away, or this session has ended, which a request finds out. */
  async #probe() {
    try {
      await this.readiness();
      await fetchJson("api/v1/me");
    } catch (error) {
      this.fail(error);
    }
  }

  /** Shows that a request failed; the service may be away. @param {Error & {status?: number, isPassing?: boolean, isSilent?: boolean}} error */
  fail(error) {
    const isAway = error.status === 0 || error.isPassing;
    this.#setStatus({ ...this.status, kind: isAway ? "away" : "refused", why: error.status === 0 ? "" : error.message, isSilent: error.isSilent });
    if (isAway && this.stream.isOpen) this.#refreshIn(RETRY); // otherwise the stream says when the service is back
  }

  /** @param {number} ms */
  #refreshIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.refresh(), ms);
  }

  async #loadMe() {
    const me = await fetchJson("api/v1/me").catch(() => null);
    if (this.me && me && this.me.name !== me.name) location.reload(); // another user has signed in: nothing of this one may stay
    this.me = me ?? this.me;
    this.dispatchEvent(new CustomEvent("cameras"));
  }

  async #loadCameras() {
    const { cameras, zone } = await fetchJson("api/v1/cameras");
    [this.cameras, this.zone, this.hasCameras] = [cameras, zone ?? null, true];
    this.dispatchEvent(new CustomEvent("cameras"));
  }

  /** Asks whether the service is ready, and for its alerts. */
  async readiness() {
    // It is 503 with the reasons while the service is not ready.
    const ready = await fetchJson("readyz", { accepts: 503 });
    this.alerts = ready.alerts ?? [];
    const why = Object.values(ready.waiting).filter(Boolean).join("; ");
    const parts = Object.keys(ready.waiting).filter((part) => !ready.waiting[part]);
    this.#setStatus({ kind: ready.ready ? "ready" : "reading", why, parts, days: ready.days ?? null, daysDone: ready.days_done ?? null });
    if (!ready.ready) this.#refreshIn(READING);
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
  loadDays(from, to) {
    return this.#counts.load(from, to);
  }

  /** The days of a span that have anything, of the cameras that are shown, the newest first. @param {string} from @param {string} to */
  daysBetween(from, to) {
    return this.#counts.between(from, to).filter((day) => this.counts(day).length > 0).sort().reverse();
  }

  /** The counts of a day by camera, of the cameras that are shown. @param {string} day @returns {DayCounts[]} */
  counts(day) {
    return this.#shown(this.#counts.of(day), (counts) => counts.camera);
  }

  /** The number of events in each hour of a day, of the cameras that are shown. @param {string} day */
  hoursOf(day) {
    const sums = Array(24).fill(0);
    for (const { hours } of this.counts(day)) hours.forEach((count, hour) => { sums[hour] += count; });
    return sums;
  }

  /** Whether the events of an hour are here. @param {string} hour `2026-11-20T10` */
  hasHour(hour) {
    return this.#hours.has(hour) || this.#counts.isEmpty(hour);
  }

  /** How many events of an hour are here; undefined if it has not been loaded. @param {string} hour */
  sizeOf(hour) {
    return this.#hours.get(hour)?.size;
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
      if (loading || (this.#hours.has(hour) && !this.#stale.has(hour))) ask();
      else if (missing || this.#hours.has(hour) || !this.#counts.isEmpty(hour)) missing++;
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
      /** @type {Map<string, Map<string, Event>>} */
      const found = new Map(hours.filter((hour) => !this.#counts.isEmpty(hour)).map((hour) => [hour, new Map()]));
      for (const event of events) {
        const hour = event.start.slice(0, 13);
        if (!found.has(hour)) found.set(hour, new Map());
        if (this.#late.get(event.id) !== null) found.get(hour)?.set(event.id, event);
      }
      for (const event of this.#late.values()) if (event) found.get(event.start.slice(0, 13))?.set(event.id, event);
      for (const hour of hours) {
        this.#stale.delete(hour);
        this.#hours.delete(hour); // so that it becomes the last one
      }
      for (const [hour, events] of found) this.#hours.set(hour, events);
      for (const [id, { start }] of this.#others) {
        if (hours.includes(start.slice(0, 13)) && !found.get(start.slice(0, 13))?.has(id)) this.#others.delete(id);
      }
      for (const hour of [...this.#hours.keys()].slice(0, Math.max(0, this.#hours.size - MAX_HOURS))) this.#hours.delete(hour);
      this.#note({ events: events.map(({ id }) => id), days: hours.map((hour) => hour.slice(0, 10)) });
    })().finally(() => {
      for (const hour of hours) if (this.#loading.get(hour) === loading) this.#loading.delete(hour);
      if (!this.#loading.size) this.#late.clear();
    });
    for (const hour of hours) this.#loading.set(hour, loading);
    return loading;
  }

  /** An event that is here. @param {string} id @returns {Event | undefined} */
  get(id) {
    const [, day = "", time = ""] = id.split("/");
    // An event may begin a little before the time in its id.
    const guess = this.#hours.get(`${day}T${time.slice(0, 2)}`)?.get(id) ?? this.#others.get(id);
    if (guess) return guess;
    for (const events of this.#hours.values()) if (events.has(id)) return events.get(id);
    return undefined;
  }

  /** Takes in events of the filters that a view has got by itself, so that actions and the stream change them too. @param {Event[]} events */
  keep(events) {
    for (const event of events) this.#others.set(event.id, event);
  }

  /** The events of an hour to which one is added: those that are here, also if it is known that there were none; else undefined.
   * @param {string} hour */
  #hourOf(hour) {
    if (!this.#hours.has(hour) && !this.#loading.has(hour) && this.#counts.isEmpty(hour)) this.#hours.set(hour, new Map());
    return this.#hours.get(hour);
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
    const hour = this.#hourOf(next.start.slice(0, 13));
    if (this.#loading.has(next.start.slice(0, 13))) this.#late.set(next.id, fit ? next : null);
    if (fit) hour?.set(next.id, next);
    else hour?.delete(next.id);
    if (fit && (this.#others.has(next.id) || isFiltered(address.state))) this.#others.set(next.id, next);
    else this.#others.delete(next.id);
    this.#note({ events: [event.id], days: [dayOf(event.start)] });
    if (!known || known.saved !== next.saved) this.#recountOf(event.id);
  }

  /** Removes an event. @param {string} id */
  remove(id) {
    const known = this.get(id);
    if (known) this.#hours.get(known.start.slice(0, 13))?.delete(id);
    this.#others.delete(id);
    if (this.#loading.size) this.#late.set(id, null);
    this.#note({ events: [id], days: [id.split("/")[1]] });
    this.#recountOf(id);
  }

  /** @param {string} id */
  #recountOf(id) {
    this.recountDay(id.split("/")[1]);
  }

  /** Loads the counts of a day again soon, together with those of other days that changed. @param {string} day */
  recountDay(day) {
    const isFirst = this.#dirty.size === 0;
    this.#dirty.add(day);
    if (isFirst) setTimeout(async () => {
      const days = [...this.#dirty].sort();
      this.#dirty.clear();
      await this.#counts.reload(days).catch(() => {});
      await this.#loadCameras().catch(() => {});
    }, SETTLE);
  }
  /** @type {Set<string>} days whose counts changed */
  #dirty = new Set();

  #forgetHours() {
    this.#generation++;
    this.#loading.clear();
    this.#hours.clear();
    this.#stale.clear();
    this.#others.clear();
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
