// The deletions that can be taken back, the newest first. Deleting and restoring is left to `actions.js`.

import { DAY } from "./time.js";

/** @typedef {object} Deletion
 * @property {Map<string, number>} passes its passes, with the number of events of each
 * @property {string | null} until until when the service keeps them
 * @property {boolean} isUndone whether what has not been deleted yet is to stay
 */

export class Deletions {
  /** @type {Deletion[]} */
  #all = [];
  #timer = 0;
  #tell;

  /** @param {() => void} tell is called when another deletion is the last one, or it has changed */
  constructor(tell) {
    this.#tell = tell;
  }

  /** The one to take back first. */
  get last() {
    return this.#all.at(-1) ?? null;
  }

  /** Adds a deletion, or notes that it has changed. @param {Deletion} deletion */
  put(deletion) {
    if (!this.#all.includes(deletion)) this.#all.push(deletion);
    this.#changed();
  }

  /** @param {Deletion} deletion */
  drop(deletion) {
    this.#all = this.#all.filter((each) => each !== deletion);
    this.#changed();
  }

  /** A pass cannot be taken back any more: it was. @param {string} pass */
  dropPass(pass) {
    for (const { passes } of this.#all) passes.delete(pass);
    this.#changed();
  }

  clear() {
    this.#all = [];
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#timer);
    const left = (/** @type {Deletion} */ { until }) => (until ? Date.parse(until) - Date.now() : Infinity);
    this.#all = this.#all.filter((deletion) => deletion.passes.size > 0 && left(deletion) > 0);
    const next = Math.min(...this.#all.map(left));
    if (next < 24 * DAY) this.#timer = window.setTimeout(() => this.#changed(), next); // a browser's timer counts at most 24 days
    this.#tell();
  }
}
