// The keys of the list: they move, select, and do what the bar and the cards offer.

import { actions } from "../../core/actions.js";
import { archive } from "../../core/archive.js";
import { step } from "./steps.js";

const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

/** The events that may be changed: those of a store are only to be looked at. @param {string[]} ids */
export const changeable = (ids) => ids.map((id) => archive.get(id)).filter((event) => event !== undefined && event.location === "local");

/** Saves events, or no longer if all of them are. @param {string[]} ids */
export function toggleSaved(ids) {
  const events = changeable(ids);
  if (events.length && archive.canWrite) actions.save(events.map(({ id }) => id), !events.every(({ saved }) => saved));
}

/** Marks events as reviewed, or not if all of them are. @param {string[]} ids */
export function toggleReviewed(ids) {
  const events = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
  if (events.length) actions.review(events.map(({ id }) => id), !events.every(({ reviewed }) => reviewed));
}

/** @param {string[]} ids */
export function remove(ids) {
  const events = changeable(ids);
  if (events.length && archive.canWrite) actions.remove(events.map(({ id }) => id));
}

/** What a key does to these events. @type {Record<string, (ids: string[]) => void>} */
const DEEDS = { s: toggleSaved, r: toggleReviewed, Delete: remove };

/** @param {import("../grid.js").Grid} grid @param {KeyboardEvent} event */
export function pressKey(grid, event) {
  const { key } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const isOnCard = !(event.composedPath()[0] instanceof HTMLButtonElement || event.composedPath()[0] instanceof HTMLInputElement);
  const { active } = grid;
  const ids = actions.selection.size ? [...actions.selection] : active ? [active.id] : [];
  if (key === "Escape" && actions.selection.size) actions.select([]);
  else if (key === "Home" && !grid.source.isWhole("up")) grid.toTop();
  else if (MOVES.includes(key) && active) {
    const from = active.id;
    const spot = step(grid.layout, active, key, grid.sizes.columns, grid.rowsOfScreen);
    if (spot) grid.moveTo(spot).then((id) => { if (event.shiftKey && id) grid.extend(from, id); });
  } else if (Object.hasOwn(DEEDS, key)) DEEDS[key](ids);
  else if ((key === "x" || key === " ") && active && isOnCard) grid.toggle(active.id);
  else return;
  event.preventDefault();
}
