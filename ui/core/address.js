// What the page shows, as its address says: reload, Back and a shared link show the same. Every view reads `address.state` and changes it
// with `go` or `replace`; nothing else touches the history.

import { isDay, isTime } from "./time.js";

/** @typedef {"day" | "calendar" | "live" | "storage"} ViewName */
/**
 * @typedef {object} State
 * @property {ViewName} view
 * @property {string} day the day at the top, or "" for the newest
 * @property {string} at a wall time to go to, or ""
 * @property {string[]} cameras empty for all
 * @property {boolean} saved only saved events
 * @property {boolean} unreviewed only those not reviewed
 * @property {number} min the least length in seconds
 * @property {number} strength the least `peak_change`
 * @property {string} hours a part of the day such as `22-06`, or ""
 * @property {number[]} region the rectangle with movement: left, upper, right, lower edge, from 0 to 1; empty for the whole picture
 * @property {string} event the id of the event in the player, or ""
 * @property {string} pictures the day whose loose pictures are shown, or ""
 * @property {string} picture the one of them that is shown whole: `CAMERA/NAME`, or ""
 * @property {number} wall how many live pictures are shown at a time; 0: as fits
 * @property {number} page the nth of them, from 0 on
 */

/** @type {Readonly<State>} */
export const DEFAULT = Object.freeze({
  view: "day", day: "", at: "", cameras: [], saved: false, unreviewed: false, min: 0, strength: 0, hours: "", region: [], event: "", pictures: "", picture: "", wall: 0, page: 0,
});
/** @type {ViewName[]} */
const VIEWS = ["day", "calendar", "live", "storage"];
/** What restricts the events. `hours` is none of them: it says which hours are shown. */
const FILTERS = /** @type {const} */ (["cameras", "saved", "unreviewed", "min", "strength", "region"]);

/** @param {string | null} text */
const positive = (text) => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : 0);

/** Whether each part of a path names something below the one before. @param {string[]} parts */
const isPath = (parts) => parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\0-\x1f\x7f]/.test(part));

/** Whether a text has the form of an event's id: `CAMERA/2026-11-20/10-04-36`. @param {string} text */
function isId(text) {
  const parts = text.split("/");
  return parts.length === 3 && isDay(parts[1]) && isPath(parts);
}

/** Whether a text has the form of a picture's name: `CAMERA/NAME`. @param {string} text */
const isPicture = (text) => text.includes("/") && isPath(text.split("/"));

/** @param {string | null} text */
function region(text) {
  const parts = (text ?? "").split(",");
  const edges = parts.map(Number);
  const isValid = edges.length === 4 && parts.every((part) => /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(part)) && edges[0] < edges[2] && edges[1] < edges[3];
  return isValid ? edges : [];
}

/** The state that a query string describes; what is invalid in it is left out. @param {string} search @returns {Readonly<State>} */
export function parseAddress(search) {
  const params = new URLSearchParams(search);
  /** @param {string} name @param {(text: string) => boolean} isValid */
  const text = (name, isValid) => (isValid(params.get(name) ?? "") ? (params.get(name) ?? "") : "");
  const view = VIEWS.find((name) => name === params.get("view")) ?? "day";
  return Object.freeze({
    view,
    day: text("day", isDay),
    at: text("at", isTime),
    // `camera` is what addresses of earlier versions have.
    cameras: [...params.getAll("cameras"), ...params.getAll("camera")].filter(Boolean),
    saved: ["1", "true"].includes(params.get("saved") ?? ""),
    unreviewed: params.get("unreviewed") === "1",
    min: positive(params.get("min")),
    strength: positive(params.get("strength")),
    hours: text("hours", (hours) => /^(?:[01]\d|2[0-3])-(?:[01]\d|2[0-4])$/.test(hours)),
    region: region(params.get("region")),
    event: text("event", isId),
    pictures: text("pictures", isDay),
    picture: text("picture", isPicture),
    wall: positive(params.get("wall")),
    page: positive(params.get("page")),
  });
}

/** The query string of a state, with a `?` unless it is empty. @param {Readonly<State>} state */
export function formatAddress(state) {
  const params = new URLSearchParams();
  for (const name of /** @type {(keyof State)[]} */ (Object.keys(DEFAULT))) {
    const value = state[name];
    if (Array.isArray(value) ? value.length === 0 : value === DEFAULT[name]) continue;
    if (name === "cameras") for (const camera of state.cameras) params.append(name, camera);
    else params.set(name, value === true ? "1" : String(value));
  }
  const search = params.toString();
  return search && `?${search}`;
}

/** The filters of a state alone, as a key. @param {Readonly<State>} state */
export const filtersOf = (state) => JSON.stringify(FILTERS.map((name) => state[name]));

/** Whether anything but cameras restricts the events, so that the counts of days and hours do not hold. @param {Readonly<State>} state */
export const isFiltered = (state) => filtersOf({ ...state, cameras: [] }) !== filtersOf(DEFAULT);

/** Whether an hour of the day (0 to 23) is in the part of the day that is shown. @param {string} hours @param {number} hour */
export function showsHour(hours, hour) {
  if (!hours) return true;
  const [from, to] = hours.split("-").map(Number);
  return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}

/** The state, and the events `change` (detail: the state before). */
class Address extends EventTarget {
  #state = parseAddress(location.search);

  constructor() {
    super();
    addEventListener("popstate", () => this.#become(parseAddress(location.search)));
  }

  get state() {
    return this.#state;
  }

  /** A link to the same with a change. @param {Partial<State>} change */
  href(change) {
    return location.pathname + formatAddress({ ...this.#state, ...change });
  }

  /** Shows something else; Back returns. @param {Partial<State>} change */
  go(change) {
    const href = this.href(change);
    if (href === location.pathname + location.search) return;
    history.pushState({ isOurs: true }, "", href);
    this.#become(parseAddress(location.search));
  }

  /** The same without an entry in the history. @param {Partial<State>} change */
  replace(change) {
    history.replaceState(history.state, "", this.href(change));
    this.#become(parseAddress(location.search));
  }

  /** Leaves what `go` has opened (the player): by going back, so that Back does not open it again, or else by this change.
   * @param {Partial<State>} change */
  leave(change) {
    if (history.state?.isOurs) history.back();
    else this.replace(change);
  }

  /** @param {Readonly<State>} state */
  #become(state) {
    const before = this.#state;
    if (formatAddress(before) === formatAddress(state)) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("change", { detail: before }));
  }
}

export const address = new Address();
