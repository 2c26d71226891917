// What the tests of the player have in common: opening an event as a click would, and asking the stage.

import assert from "node:assert/strict";

import { waitUntil } from "./harness.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Goes to another state of the address, as a view does, whose modules are joined into a file. @param {Page} page @param {Record<string, string>} change */
export async function go(page, change) {
  await page.evaluate((change) => {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    history.pushState({ isOurs: true }, "", url);
    dispatchEvent(new PopStateEvent("popstate"));
  }, change);
}

/** Opens an event from the page, as a card does. @param {Page} page @param {string} event */
export const show = (page, event) => go(page, { event });

/** Opens an event, and returns how many milliseconds its first frame took. @param {Page} page @param {string} event @returns {Promise<number>} */
export function timeShow(page, event) {
  return page.evaluate(async (event) => {
    const stage = () => /** @type {any} */ (document.querySelector("owl-app")).shadowRoot.querySelector("owl-player")?.shadowRoot.querySelector("owl-stage");
    const start = performance.now();
    history.pushState({ isOurs: true }, "", `?${new URLSearchParams({ event })}`);
    dispatchEvent(new PopStateEvent("popstate"));
    while (!stage()?.isShown) await new Promise((resume) => setTimeout(resume, 5));
    return performance.now() - start;
  }, event);
}

/** Asks the stage; null if there is none. @template T @param {Page} page @param {(stage: any) => T} question @returns {Promise<T | null>} */
export async function ask(page, question) {
  const stage = await page.locator("owl-stage").elementHandle({ timeout: 1000 }).catch(() => null);
  return stage && /** @type {Promise<any>} */ (stage.evaluate(question).catch(() => null));
}

/** Waits until the stage is as wanted. @param {Page} page @param {string} what @param {(stage: any) => unknown} condition */
export const until = (page, what, condition) => waitUntil(what, () => ask(page, condition));

/** The id of the event that the address names. @param {Page} page */
export const shownId = (page) => new URL(page.url()).searchParams.get("event");

/** @param {Page} page @param {string} id */
export const untilShown = (page, id) => waitUntil(`${id} is in the address`, () => shownId(page) === id);

/** What the page has said was reviewed, or not. @param {Page} page */
export function watchReviews(page) {
  /** @type {{events: string[], reviewed: boolean}[]} */
  const reviews = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/api/v1/reviewed")) reviews.push(request.postDataJSON());
  });
  return reviews;
}

/** Nothing is left of the player. @param {Page} page */
export async function assertClosed(page) {
  await page.locator("owl-player").waitFor({ state: "detached" });
  assert.equal(shownId(page), null);
}
