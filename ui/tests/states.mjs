// How tests bring the page into a state: requests that are changed, fail or wait, and what one does to get somewhere.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { waitUntil } from "./harness.mjs";
import { addFrame, beginEvent } from "./recordings.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string | RegExp} text */
export const sees = (page, text) => page.getByText(text).first().waitFor();

/** @param {Page} page @param {string} name */
export const press = (page, name) => page.getByRole("button", { name, exact: true }).first().click();

/** Changes what the service responds.
 * @param {Page} page @param {string | RegExp} url @param {(json: any) => object} change @param {number} [status] */
export const mock = (page, url, change, status) => page.route(url, async (route) => {
  const response = await route.fetch();
  await route.fulfill({ status: status ?? response.status(), json: change(await response.json()) });
});

/** Says something else of the service's readiness; `ready: false` is a 503. @param {Page} page @param {object} more */
export const readyz = (page, more) => mock(page, "**/readyz", (json) => ({ ...json, ...more }), "ready" in more ? 503 : 200);

/** Lets requests fail. @param {Page} page @param {string | RegExp} url @param {number} status @param {string} detail */
export const fails = (page, url, status, detail) => page.route(url, (route) => (
  route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ detail }) })));

/** Lets requests wait until what this returns is called. @param {Page} page @param {string | RegExp} url */
export async function holds(page, url) {
  /** @type {() => void} */
  let go = () => {};
  const gone = new Promise((done) => { go = () => done(undefined); });
  await page.route(url, (route) => gone.then(() => route.continue()));
  return go;
}

/** Goes to a view by its link. @param {Page} page @param {string} name */
export async function follow(page, name) {
  await page.getByRole("navigation").getByRole("link", { name }).click();
  await page.locator(`owl-${name === "Events" ? "day" : name.toLowerCase()}`).waitFor();
}

/** The cards of events that may be changed, which are known when it is known who looks. @param {Page} page */
export const changeable = (page) => page.locator("owl-card").filter({ has: page.locator("button.star:not(.on)") });

/** Presses a key on a card. @param {import("playwright-core").Locator} card @param {string} key */
export async function type(card, key) {
  await card.getByRole("link").focus();
  await card.page().keyboard.press(key);
}

/** @param {import("playwright-core").Locator} card */
export async function select(card) {
  await type(card, "x");
  await sees(card.page(), /selected$/);
}

/** An event that is being recorded until `end`, and then is gone. @param {Awaited<ReturnType<typeof import("./harness.mjs").serve>>} owlery */
export async function recording(owlery) {
  const id = beginEvent(owlery.root);
  let nth = 1;
  const timer = setInterval(() => addFrame(owlery.root, id, nth++), 500);
  const end = () => {
    clearInterval(timer);
    rmSync(join(owlery.root, id), { recursive: true });
  };
  await waitUntil("it is being recorded", async () => (
    (await owlery.json("api/v1/events?state=open")).events.some((/** @type {{id: string}} */ event) => event.id === id)));
  return { id, end };
}
