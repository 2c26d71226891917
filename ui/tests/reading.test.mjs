// The service reads an archive of years, or a disk of it hangs: what the page says of that, and how it goes on.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { cards, ids } from "./day.mjs";
import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";
import { follow, sees } from "./states.mjs";

after(closeBrowser);

const expects = [/status of 503/];
const event = { day: daysAgo(1), time: "10-00-00" };

/** Lets the service say that it waits until `ready`. @param {import("playwright-core").Page} page @param {Record<string, string>} waiting */
async function waits(page, waiting) {
  const state = { isReady: false, waiting, days: 200, days_done: 80 };
  await page.route("**/readyz", async (route) => {
    const response = await route.fetch();
    const { isReady, ...more } = state;
    await (isReady ? route.fulfill({ response }) : route.fulfill({ status: 503, json: { ...(await response.json()), ready: false, ...more } }));
  });
  return state;
}

test("how far the reading is, and events as they are found", async (t) => {
  const owlery = await serve(t);
  const page = await openPage(t, { expects });
  const state = await waits(page, { preload: "the archive is being read" });
  await page.goto(owlery.url);
  await page.getByRole("status").getByText("the archive is being read (80 of 200 days, 40 %)").waitFor();
  await page.getByRole("heading", { name: "The archive is still being read. Events appear as they are found." }).waitFor();
  state.days_done = 190;
  await sees(page, "(190 of 200 days, 95 %)");
  owlery.add(event);
  await cards(page).first().waitFor();
  for (const view of ["Calendar", "Live", "Storage", "Events"]) {
    await follow(page, view);
    await sees(page, /95 %/);
  }
  state.isReady = true;
  await page.getByText(/95 %/).waitFor({ state: "detached" });
  assert.deepEqual(await ids(page), [`Camera1/${event.day}/10-00-00`]);
});

test("a disk that hangs is named, and what is known is shown", async (t) => {
  const owlery = await serve(t, { events: [event] });
  const page = await openPage(t, { expects });
  const state = await waits(page, { disk: "the disk of /cameras does not respond since 10:04", watch: "it waits for the disk" });
  Object.assign(state, { days: undefined, days_done: undefined });
  await page.goto(owlery.url);
  await page.getByRole("status").getByText(/^the disk of .cameras does not respond since 10:04; it waits for the disk$/).waitFor();
  await cards(page).first().waitFor();
  state.isReady = true;
  await waitUntil("nothing is said any more", async () => (await page.getByText("does not respond").count()) === 0);
});

test("users of some cameras are told which part waits, in words", async (t) => {
  const owlery = await serve(t, { events: [event, { ...event, camera: "Camera2" }], config: USERS });
  for (const [locale, text] of [
    ["en-GB", "The archive is still being read. A disk does not respond."], ["de-DE", "Das Archiv wird noch gelesen. Ein Datenträger antwortet nicht."],
  ]) {
    const page = await openPage(t, { locale, expects: [...expects, /status of 401/] });
    const state = await waits(page, { preload: "", disk: "" });
    Object.assign(state, { days: undefined, days_done: undefined });
    await page.goto(owlery.url);
    await signIn(page, "bert");
    await page.getByRole("status").getByText(text).waitFor();
    await cards(page).first().waitFor();
    assert.equal(await page.getByText("Camera2").count(), 0);
    assert.deepEqual(await axeViolations(page), []);
  }
});
