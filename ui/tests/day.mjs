// What the tests of the day view share.

import { linkSync, mkdirSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";

import { daysAgo, waitUntil, writeEvent } from "./harness.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The cards in the document. @param {Page} page */
export const cards = (page) => page.locator("owl-card");

/** The list's element, to be asked for numbers. @param {Page} page @param {(grid: any) => any} ask */
export function askGrid(page, ask) {
  return page.locator("owl-grid").evaluate((grid, text) => new Function("grid", `return (${text})(grid)`)(grid), ask.toString());
}

/** The ids of the cards in the document, in their order. @param {Page} page @returns {Promise<string[]>} */
export const ids = (page) => cards(page).evaluateAll((all) => all.map((card) => /** @type {any} */ (card).event.id));

/** Waits until every card in the document has its picture. @param {Page} page */
export function pictures(page) {
  return waitUntil("pictures", () => cards(page).evaluateAll((all) => all.length > 0 && all.every((card) => (
    /** @type {HTMLImageElement} */ (card.shadowRoot?.querySelector("img")).naturalWidth > 0))));
}

/** The id of the card that has the focus. @param {Page} page @returns {Promise<string>} */
export function focused(page) {
  return page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) {
      if (at.localName === "owl-card") break;
      at = at.shadowRoot.activeElement;
    }
    return at?.localName === "owl-card" ? /** @type {any} */ (at).event.id : "";
  });
}

/** Writes many events of one frame quickly: the frames are links to one file. @param {string} root @param {number} days @param {number} perDay */
export function writeMany(root, days, perDay) {
  const first = writeEvent(root, { day: daysAgo(1), time: "00-00-01", frames: 1, movie: false });
  const frame = join(root, first, "00-00-01-00.jpg");
  const over = new Date(Date.now() - 3_600_000);
  for (let day = 1; day <= days; day++) {
    for (let nth = 0; nth < perDay; nth++) {
      const minute = Math.floor((nth * 1439) / perDay);
      const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}-${String(minute % 60).padStart(2, "0")}-01`;
      const file = join(root, "Camera1", daysAgo(day), time, `${time}-00.jpg`);
      if (file === frame) continue;
      mkdirSync(dirname(file), { recursive: true });
      linkSync(frame, file);
      utimesSync(dirname(file), over, over); // else it counts as still recorded
    }
  }
}
