// Why events were not deleted, in words. The service gives such an event a status and a sentence for the log; whether it is saved or still being
// recorded, the page knows itself.

import { t } from "./texts.js";

/** @typedef {{event: string, status: number, problem: string}} Left */

/** @param {Left[]} left @param {import("./archive.js").Event[]} events as the page has them */
export function whyLeft(left, events) {
  const known = new Map(events.map((event) => [event.id, event]));
  /** @param {Left} entry */
  const kindOf = ({ event: id, status }) => {
    const event = status === 409 ? known.get(id) : undefined;
    return event?.saved ? "saved" : event?.state === "open" ? "open" : "other";
  };
  /** @type {Record<string, Left[]>} */
  const kinds = { saved: [], open: [], other: [] };
  for (const entry of left) kinds[kindOf(entry)].push(entry);
  const { saved, open, other } = kinds;
  return [
    saved.length && t("left-saved", { count: saved.length }),
    open.length && t("left-open", { count: open.length }),
    other.length && t("not-all-deleted", { count: other.length, why: other[0].problem }),
  ].filter(Boolean).join(" ");
}
