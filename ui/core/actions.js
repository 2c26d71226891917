// What a user does to events: save, delete, review. Each shows at once and is taken back with a notice if the service refuses it.
// Deleted events can be put back as long as the service keeps them: `undo`.

import { archive } from "./archive.js";
import { Deletions } from "./deletions.js";
import { whyLeft } from "./left.js";
import { eventPath, sendJson } from "./requests.js";
import { t } from "./texts.js";
import { dayOf } from "./time.js";

/** @typedef {import("./archive.js").Event} Event */
/** @typedef {import("./deletions.js").Deletion} Deletion */
/** @typedef {{event: string, status: number, problem: string}} Unchanged an event of a request that was not done */

const MOST = 1000; // events of a request

/** Events: `notice` (detail: {text, isBad}), `undo`, `selection`. */
class Actions extends EventTarget {
  #deletions = new Deletions(() => this.dispatchEvent(new CustomEvent("undo")));
  /** @type {Set<string>} the ids of the selected events */
  selection = new Set();

  constructor() {
    super();
    archive.stream.addEventListener("pass", (message) => {
      const { what, pass } = /** @type {CustomEvent} */ (message).detail;
      if (what === "restored") this.#deletions.dropPass(pass);
    });
  }

  /** The number of events of the deletion that can be taken back; 0 without one. */
  get undoable() {
    return [...(this.#deletions.last?.passes.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** Shows a text for a while. @param {string} text @param {boolean} [isBad] */
  notify(text, isBad = false) {
    this.dispatchEvent(new CustomEvent("notice", { detail: { text, isBad } }));
  }

  /** @param {Iterable<string>} ids */
  select(ids) {
    this.selection = new Set(ids);
    this.dispatchEvent(new CustomEvent("selection"));
  }

  /** Selects an event, or leaves it out. @param {string} id */
  toggle(id) {
    const selection = new Set(this.selection);
    if (!selection.delete(id)) selection.add(id);
    this.select(selection);
  }

  /** Saves events from being deleted, or takes that back. @param {string[]} ids @param {boolean} saved */
  async save(ids, saved) {
    const before = this.#change(ids, { saved });
    if (ids.length === 1) {
      return this.#or(before, async () => archive.put(await sendJson(saved ? "PUT" : "DELETE", `${eventPath(ids[0])}/saved`)));
    }
    await this.#or(before, async () => {
      for (const some of chunks(ids)) {
        const { failed } = await sendJson("POST", "api/v1/events/save", { events: some, saved });
        this.#putBack(before, failed);
        if (failed.length) this.notify(t("not-all-saved", { count: failed.length, why: failed[0].problem }), true);
      }
    });
  }

  /** Marks events as reviewed by this user, or not. @param {string[]} ids @param {boolean} reviewed */
  async review(ids, reviewed) {
    const before = this.#change(ids, { reviewed });
    await this.#or(before, async () => {
      for (const some of chunks(ids)) await sendJson("POST", "api/v1/reviewed", { events: some, reviewed });
      this.#recount(ids);
    });
  }

  /** Marks all events of a day as reviewed, of these cameras or of all. @param {string} day @param {string[]} cameras @param {boolean} reviewed */
  async reviewDay(day, cameras, reviewed) {
    await this.#or([], async () => {
      await sendJson("POST", "api/v1/reviewed", { reviewed, from: day, to: day, ...(cameras.length ? { camera: cameras } : {}) });
      await archive.refresh();
    });
  }

  /** Deletes events. Saved ones stay, and so do those that are still recorded. @param {string[]} ids */
  async remove(ids) {
    let waiting = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
    for (const id of ids) archive.remove(id);
    this.select([]);
    /** @type {Deletion} */
    const deletion = { passes: new Map(), until: null, isUndone: false };
    try {
      for (const some of chunks(ids)) {
        if (deletion.isUndone) break;
        const made = await this.#inTurn(() => sendJson("POST", "api/v1/events/delete", { events: some }));
        this.#putBack(waiting, made.left);
        if (made.left.length) this.notify(whyLeft(made.left, waiting), true);
        waiting = waiting.filter(({ id }) => !some.includes(id));
        if (made.refused) this.notify(made.refused.message, true);
        if (made.pass && !made.refused) await this.#deleted(deletion, made, some.length - made.left.length);
      }
    } catch (error) {
      this.notify(error.message, true);
      archive.refresh(); // it may be done nevertheless
    }
    this.#restore(waiting);
  }

  /** Offers to take back a pass; one that was made after its deletion was taken back goes back at once.
   * @param {Deletion} deletion @param {{pass: string, undo_until: string | null}} pass @param {number} count */
  async #deleted(deletion, { pass, undo_until: until }, count) {
    if (deletion.isUndone) return this.#takeBack({ passes: new Map([[pass, count]]), until, isUndone: true });
    deletion.passes.set(pass, count);
    deletion.until ??= until;
    this.#deletions.put(deletion);
  }

  /** Puts back what was deleted last; after that, what was deleted before can be put back. */
  async undo() {
    const deletion = this.#deletions.last;
    if (!deletion) return;
    deletion.isUndone = true;
    this.#deletions.drop(deletion);
    await this.#takeBack(deletion);
  }

  /** Restores the passes of a deletion. What could not be asked for can be tried again. @param {Deletion} deletion */
  async #takeBack(deletion) {
    const { passes } = deletion;
    for (const pass of [...passes.keys()]) {
      try {
        const { left } = await sendJson("POST", `api/v1/queue/${encodeURIComponent(pass)}/restore`);
        if (left.length) this.notify(t("not-all-restored", { count: left.length, why: left[0].problem }), true);
      } catch (error) {
        this.notify(error.status === 404 ? t("undo-gone") : error.message, true);
        if (error.status !== 404) break;
      }
      passes.delete(pass);
    }
    if (passes.size) this.#deletions.put(deletion);
    await archive.refresh();
  }

  /** Forgets what could be taken back; the storage view still offers it. */
  forgetUndo() {
    this.#deletions.clear();
  }

  /** Shows a change, and returns the events as they were. @param {string[]} ids @param {Partial<Event>} change */
  #change(ids, change) {
    const before = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
    for (const event of before) archive.put({ ...event, ...change });
    return before;
  }

  /** Shows again what a request did not do. What does not exist any more stays away. @param {Event[]} before @param {Unchanged[]} unchanged */
  #putBack(before, unchanged) {
    const why = new Map(unchanged.map(({ event, status }) => [event, status]));
    this.#restore(before.filter(({ id }) => why.has(id) && why.get(id) !== 404));
    for (const [id, status] of why) if (status === 404) archive.remove(id);
  }

  /** @param {Event[]} events */
  #restore(events) {
    for (const event of events) archive.put(event);
  }

  /** @param {string[]} ids */
  #recount(ids) {
    for (const day of new Set(ids.map((id) => id.split("/")[1]))) archive.recountDay(dayOf(day));
  }

  /** Does something after what was begun before: a change and its opposite must reach the service in their order.
   * @template T @param {() => Promise<T>} work */
  #inTurn(work) {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** Does something, and shows the events as they were if that fails. @param {Event[]} before @param {() => Promise<unknown>} work */
  async #or(before, work) {
    try {
      await this.#inTurn(work);
    } catch (error) {
      if (error.status === 404) for (const { id } of before) archive.remove(id);
      else this.#restore(before);
      this.notify(error.message, true);
    }
  }
}

/** @param {string[]} ids */
const chunks = (ids) => Array.from({ length: Math.ceil(ids.length / MOST) }, (_, nth) => ids.slice(nth * MOST, (nth + 1) * MOST));

export const actions = new Actions();
