// What a user does to events: save, delete, review. Each shows at once and is taken back with a notice if the service refuses it.
// Deleted events can be put back as long as the service keeps them: `undo`.

import { archive } from "./archive.js";
import { eventPath, sendJson } from "./requests.js";
import { t } from "./texts.js";
import { DAY, dayOf } from "./time.js";

/** @typedef {import("./archive.js").Event} Event */
/** @typedef {{passes: string[], count: number, until: string | null}} Undo the passes of a deletion, its events, and until when it can be undone */

const MOST = 1000; // events of a request

/** Events: `notice` (detail: {text, isBad}), `undo`, `selection`. */
class Actions extends EventTarget {
  /** @type {Undo | null} the deletion that can be taken back */
  undoable = null;
  #undoTimer = 0;
  /** @type {Set<string>} the ids of the selected events */
  selection = new Set();

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
        this.#restore(before.filter(({ id }) => failed.some((/** @type {{event: string}} */ { event }) => event === id)));
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
    const before = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
    for (const id of ids) archive.remove(id);
    this.select([]);
    await this.#or(before, async () => {
      /** @type {Undo} */
      const undo = { passes: [], count: 0, until: null };
      for (const some of chunks(ids)) {
        const made = await sendJson("POST", "api/v1/events/delete", { events: some });
        const left = new Map((made.left ?? []).map((/** @type {{event: string, problem: string}} */ { event, problem }) => [event, problem]));
        this.#restore(before.filter(({ id }) => left.has(id)));
        if (left.size) this.notify(t("not-all-deleted", { count: left.size, why: String([...left.values()][0]) }), true);
        if (made.refused) this.notify(made.refused.message, true);
        if (!made.pass || made.refused) continue;
        undo.passes.push(made.pass);
        undo.count += some.length - left.size;
        undo.until ??= made.undo_until;
        this.#setUndo({ ...undo }); // also if a later request fails
      }
    });
  }

  /** Puts back what was deleted last. */
  async undo() {
    const { undoable } = this;
    if (!undoable) return;
    this.#setUndo(null);
    await this.#or([], async () => {
      for (const pass of undoable.passes) {
        const { left } = await sendJson("POST", `api/v1/queue/${encodeURIComponent(pass)}/restore`);
        if (left?.length) this.notify(t("not-all-restored", { count: left.length, why: left[0].problem }), true);
      }
      await archive.refresh();
    });
  }

  /** Forgets what could be taken back; the storage view still offers it. */
  forgetUndo() {
    this.#setUndo(null);
  }

  /** @param {Undo | null} undoable */
  #setUndo(undoable) {
    this.undoable = undoable;
    clearTimeout(this.#undoTimer);
    // A browser's timer counts at most 24 days.
    const left = undoable?.until ? Date.parse(undoable.until) - Date.now() : Infinity;
    if (undoable && left < 24 * DAY) this.#undoTimer = window.setTimeout(() => this.forgetUndo(), Math.max(0, left));
    this.dispatchEvent(new CustomEvent("undo"));
  }

  /** Shows a change, and returns the events as they were. @param {string[]} ids @param {Partial<Event>} change */
  #change(ids, change) {
    const before = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
    for (const event of before) archive.put({ ...event, ...change });
    return before;
  }

  /** @param {Event[]} events */
  #restore(events) {
    for (const event of events) archive.put(event);
  }

  /** @param {string[]} ids */
  #recount(ids) {
    for (const day of new Set(ids.map((id) => id.split("/")[1]))) archive.recountDay(dayOf(day));
  }

  /** Does something, and shows the events as they were if that fails. @param {Event[]} before @param {() => Promise<unknown>} work */
  async #or(before, work) {
    try {
      await work();
    } catch (error) {
      this.#restore(before);
      this.notify(error.message, true);
    }
  }
}

/** @param {string[]} ids */
const chunks = (ids) => Array.from({ length: Math.ceil(ids.length / MOST) }, (_, nth) => ids.slice(nth * MOST, (nth + 1) * MOST));

export const actions = new Actions();
