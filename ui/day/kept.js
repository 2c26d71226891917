// Keeps the selection to events that are there: those that were removed, or that the filters leave out, are not selected any more. An event that is
// only out of view, or whose hour the archive has forgotten, stays: that it is gone is known where its hour is here without it.

import { actions } from "../core/actions.js";
import { address, filtersOf, isFiltered, showsHour } from "../core/address.js";
import { archive } from "../core/archive.js";
import { HOUR, parse } from "../core/time.js";

export class Kept {
  /** @type {Map<string, string>} by id of the selected events: the hour (`2026-11-20T10`) in which it began */
  #hours = new Map();
  /** Whether the hours have to be loaded again before it is known what is gone. */
  #isUnsure = false;
  /** @type {[EventTarget, string, (event: any) => void][]} */
  #listeners = [
    [actions, "selection", () => this.#note()],
    [archive, "change", ({ detail }) => this.#changed(detail)],
    [archive, "refresh", () => { this.#isUnsure = true; }],
    [archive, "status", () => this.#check()],
    [archive.stream, "remove", ({ detail }) => this.#drop((id) => id === detail)],
    [address, "change", ({ detail }) => this.#moved(detail)],
  ];

  start() {
    for (const [target, name, listener] of this.#listeners) target.addEventListener(name, listener);
  }

  stop() {
    for (const [target, name, listener] of this.#listeners) target.removeEventListener(name, listener);
  }

  /** Selected events are known when they are selected. */
  #note() {
    const known = this.#hours;
    this.#hours = new Map([...actions.selection].map((id) => [id, known.get(id) ?? archive.get(id)?.start.slice(0, 13) ?? ""]));
  }

  /** @param {(id: string, hour: string) => boolean} isGone */
  #drop(isGone) {
    const kept = [...this.#hours].filter(([id, hour]) => !isGone(id, hour)).map(([id]) => id);
    if (kept.length < this.#hours.size) actions.select(kept);
  }

  /** Under filters the archive has all that was found; else an event is missed only where its hour is here.
   * @param {import("../core/archive.js").Changes} changes */
  #changed({ events }) {
    this.#drop((id, hour) => events.has(id) && !archive.get(id) && (isFiltered(address.state) || archive.hasHour(hour)));
  }

  /** @param {Readonly<import("../core/address.js").State>} before */
  #moved(before) {
    const { hours } = address.state;
    this.#drop((_, hour) => !showsHour(hours, Number(hour.slice(11))));
    if (filtersOf(before) === filtersOf(address.state)) return;
    this.#isUnsure = true;
    this.#check();
  }

  /** Checks which events are still there, after changes may have been missed. While the service reads the archive, that is unknown. */
  async #check() {
    if (!this.#isUnsure || archive.status.kind !== "ready") return;
    this.#isUnsure = false;
    try {
      await Promise.all(this.#spans().map(([from, to]) => archive.load(from, to)));
    } catch {
      this.#isUnsure = true; // the list says that the service is away
    }
    if (!this.#isUnsure) this.#drop((id, hour) => archive.hasHour(hour) && !archive.get(id));
  }

  /** Of each day with selected events the hours from the first to the last, in milliseconds. */
  #spans() {
    /** @type {Map<string, number[]>} */
    const days = new Map();
    for (const hour of this.#hours.values()) {
      const at = parse(`${hour}:00:00`);
      const [from, to] = days.get(hour.slice(0, 10)) ?? [at, at];
      days.set(hour.slice(0, 10), [Math.min(from, at), Math.max(to, at)]);
    }
    return [...days.values()].map(([from, to]) => [from, to + HOUR]);
  }
}
