// What a section of the storage view shows: the JSON of a route, loaded again and again. What was loaded last stays if that fails.

import { fetchJson } from "../../core/requests.js";

/** @typedef {{requestUpdate: () => void}} Owner */

/** @template T */
export class Source {
  /** @type {T | null} */
  value = null;
  error = "";
  /** Whether this user may not see it, or the service does not have it. */
  isAbsent = false;
  #asked = 0;

  /** @param {Owner} owner @param {string} path */
  constructor(owner, path) {
    this.owner = owner;
    this.path = path;
  }

  /** Whether there is something to show: what was loaded, or why it could not be. */
  get isSettled() {
    return this.value !== null || this.error !== "";
  }

  async load() {
    const asked = ++this.#asked;
    try {
      const value = await fetchJson(this.path);
      if (asked !== this.#asked) return;
      this.take(value);
      this.error = "";
    } catch (error) {
      if (asked !== this.#asked) return;
      this.isAbsent = error.status === 403 || error.status === 404;
      this.error = error.message;
    }
    this.owner.requestUpdate();
  }

  /** @param {any} value */
  take(value) {
    this.value = value;
  }
}

/** @typedef {{id: number, at: string, what: string, pass?: string, camera?: string, day?: string, events?: "all" | string[], count?: number,
 *  bytes?: number | null, by?: string, guard?: string, reason?: string, rule?: any}} Entry */

/** The audit log: its newest page is loaded again, the older ones that somebody asked for stay. @extends {Source<Entry[]>} */
export class Audit extends Source {
  /** @type {number | null} */
  next = null;

  /** @param {Owner} owner */
  constructor(owner) {
    super(owner, "api/v1/audit?limit=50");
  }

  /** @param {{entries: Entry[], next: number | null}} page */
  take({ entries, next }) {
    const known = this.value ?? [];
    const newest = known[0]?.id ?? 0;
    const isJoined = entries.some(({ id }) => id <= newest);
    if (isJoined) this.value = [...entries.filter(({ id }) => id > newest), ...known];
    else [this.value, this.next] = [entries, next];
  }

  async older() {
    const { entries, next } = await fetchJson(`${this.path}&cursor=${this.next}`);
    this.value = [...(this.value ?? []), ...entries];
    this.next = next;
    this.owner.requestUpdate();
  }
}
