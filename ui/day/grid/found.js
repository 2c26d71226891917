// The list under filters that the counts do not cover: the events that the service finds, page by page from a moment on in both directions.

import { address, showsHour } from "../../core/address.js";
import { archive, compareEvents, filterParams } from "../../core/archive.js";
import { fetchJson } from "../../core/requests.js";
import { addDays, dayOf } from "../../core/time.js";
import { hourKey } from "./counted.js";

/** @typedef {import("../../core/archive.js").Event} Event */

const PAGE = 60; // events of a request
const ENOUGH = 30; // events of the shown hours for which pages are asked for one after the other; no row has more cards
const PAGES = 20; // at most that many

export class Found {
  /** @type {Event | null} events that began after this one are left out */
  edge = null;
  /** @type {Event[]} the newest first */
  #events = [];
  /** @type {Map<string, Event[]> | null} by hour, of the part of the day `of` */
  #byHour = null;
  #of = "";
  /** the cursors of what follows; null at the end @type {{up: string | null, down: string | null}} */
  #next = { up: null, down: "" };
  #start = "";
  /** changes with what is asked for, so that late responses are left out */
  #run = {};

  /** Shows the events from a day or a moment on, or the newest. @param {string} moment */
  async open(moment) {
    this.#start = moment;
    this.#run = {};
    [this.#events, this.#byHour, this.#next] = [[], null, { up: moment ? "" : null, down: "" }];
    await this.grow("down");
  }

  /** @param {string} day */
  reaches(day) {
    const [newest, oldest] = [this.#events[0], this.#events.at(-1)].map((event) => (event ? dayOf(event.start) : ""));
    return (day < newest && day > oldest) || [...this.#hours.keys()].some((key) => key.startsWith(day));
  }

  /** Finds again what is shown. */
  async refresh() {
    const oldest = this.#next.down === null ? undefined : this.#events.at(-1);
    const params = filterParams();
    params.set("limit", "1000");
    if (oldest) params.set("from", oldest.start);
    if (this.#next.up !== null && this.#events[0]) params.set("to", this.#events[0].start);
    if (!oldest && !this.#events.length) return this.open(this.#start);
    const run = this.#run;
    const { events, next } = await fetchJson(`api/v1/events?${params}`);
    if (run !== this.#run) return;
    if (next) return this.open(this.#start);
    this.#events = [];
    this.#add(events);
  }

  /** @param {"up" | "down"} end */
  isWhole(end) {
    return this.#next[end] === null;
  }

  /** Finds more at an end. @param {"up" | "down"} end */
  async grow(end) {
    const run = this.#run;
    const params = filterParams();
    params.set("limit", String(PAGE));
    if (end === "down" && this.#start) params.set("to", this.#start);
    if (end === "up") {
      params.set("order", "asc");
      params.set("from", this.#start.length === 10 ? addDays(this.#start, 1) : this.#start);
    }
    for (let [pages, before] = [0, this.#shown.length]; pages < PAGES && this.#shown.length < before + ENOUGH && this.#next[end] !== null; pages++) {
      if (this.#next[end]) params.set("cursor", /** @type {string} */ (this.#next[end]));
      const { events, next } = await fetchJson(`api/v1/events?${params}`);
      if (run !== this.#run) return;
      this.#next[end] = next;
      this.#add(events);
    }
  }

  /** @param {Event[]} events */
  #add(events) {
    archive.keep(events);
    const all = new Map([...this.#events, ...events].map((event) => [event.id, event]));
    this.#events = [...all.values()].sort(compareEvents);
    this.#byHour = null;
  }

  /** Takes in what has changed in the archive. @param {Set<string>} ids */
  update(ids) {
    if (!ids.size) return;
    const [first, last] = [this.#events[0], this.#events.at(-1)];
    const rest = this.#events.filter(({ id }) => !ids.has(id));
    const changed = [...ids].map((id) => archive.get(id)).filter((event) => event !== undefined).filter((event) => (
      (this.isWhole("down") || (last && compareEvents(event, last) <= 0)) && (this.isWhole("up") || (first && compareEvents(event, first) >= 0))));
    this.#events = [...rest, ...changed].sort(compareEvents);
    this.#byHour = null;
  }

  /** Takes in an event that the stream tells of if it is in the region, which only the service knows. @param {Event} event */
  async consider(event) {
    const { region, cameras } = address.state;
    if (!region.length || archive.get(event.id) || (cameras.length && !cameras.includes(event.camera))) return false;
    const run = this.#run;
    const params = filterParams();
    params.set("camera", event.camera);
    params.set("from", event.start);
    params.set("to", event.start);
    const { events } = await fetchJson(`api/v1/events?${params}`);
    const found = events.filter((/** @type {Event} */ { id }) => id === event.id);
    if (run !== this.#run || !found.length || !this.isWhole("up")) return false;
    this.#add(found);
    return true;
  }

  get #shown() {
    const { hours } = address.state;
    return hours ? this.#events.filter(({ start }) => showsHour(hours, Number(start.slice(11, 13)))) : this.#events;
  }

  get #hours() {
    const { hours } = address.state;
    if (this.#byHour && this.#of === hours) return this.#byHour;
    [this.#byHour, this.#of] = [new Map(), hours];
    for (const event of this.#shown) {
      const key = event.start.slice(0, 13);
      if (this.edge && compareEvents(event, this.edge) < 0) continue;
      if (!this.#byHour.has(key)) this.#byHour.set(key, []);
      this.#byHour.get(key)?.push(event);
    }
    for (const key of [...this.#byHour.keys()].filter((key) => this.#isPart(key))) this.#byHour.delete(key);
    return this.#byHour;
  }

  /** Whether an hour waits for the rest of its events: with them it may not fit into a row with others. One that fills rows of its own needs not, nor
   * the one where it began, which shares none. @param {string} key */
  #isPart(key) {
    const [newest, oldest] = [this.#events[0], this.#events.at(-1)].map((event) => event?.start.slice(0, 13));
    const start = this.#start.slice(0, 13); // a day or an hour
    const isAtEnd = (key === oldest && !this.isWhole("down")) || (key === newest && key.slice(0, start.length) > start && !this.isWhole("up"));
    return isAtEnd && key !== start && /** @type {Event[]} */ (this.#byHour?.get(key)).length < ENOUGH;
  }

  /** The hour on both sides of which the hours of a day are found. @param {string} day */
  #from(day) {
    const start = this.#start.slice(0, 10);
    if (!start || day < start || day === this.#start) return 24;
    return day > start ? -1 : Number(this.#start.slice(11, 13));
  }

  /** Leaves out what is newer than an event, or nothing. @param {Event | null} edge */
  setEdge(edge) {
    [this.edge, this.#byHour] = [edge, null];
  }

  /** @returns {import("./layout.js").Day[]} */
  get days() {
    /** @type {Map<string, number[]>} */
    const days = new Map();
    for (const [key, events] of this.#hours) {
      const day = key.slice(0, 10);
      if (!days.has(day)) days.set(day, Array(24).fill(0));
      /** @type {number[]} */ (days.get(day))[Number(key.slice(11))] = events.length;
    }
    return [...days].map(([day, hours]) => ({ day, hours, from: this.#from(day) })).sort((a, b) => (a.day < b.day ? 1 : -1));
  }

  /** @param {string} day @param {number} hour */
  events(day, hour) {
    return this.#hours.get(hourKey(day, hour)) ?? null;
  }

  get held() {
    const { edge } = this;
    return edge ? this.#shown.filter((event) => compareEvents(event, edge) < 0).length : 0;
  }

  async load() {}
}
