import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";

import { cards } from "./day.mjs";
import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";

after(closeBrowser);

/** @typedef {import("playwright-core").Page} Page */

const day = daysAgo(1);
const minute = (/** @type {number} */ nth, more = {}) => ({ day, time: `10-0${nth}-00`, ...more });

/** Opens the page, and selects all events that are in view. @param {Page} page @param {{url: string}} owlery */
async function selectAll(page, { url }) {
  await page.goto(url);
  await cards(page).first().waitFor();
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+End");
}

const button = (/** @type {Page} */ page) => page.getByRole("button", { name: "One MP4" });

/** The file that a press downloads. @param {Page} page */
async function download(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page).click()]);
  return file;
}

/** What ffprobe says of a file. @param {string} path */
const probe = (path) => JSON.parse(execFileSync("ffprobe", ["-v", "error", "-show_format", "-of", "json", path], { encoding: "utf8" })).format;

/** Lets the making of movies never end, as a long one. @param {Page} page */
async function makeLong(page) {
  await page.route("**/api/v1/export.mp4?*", (route) => route.fulfill({ status: 202, contentType: "application/json", body: '{"progress":0.374}' }));
}

test("one movie of the selected events is made and then downloaded, under its name", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1), minute(2)] });
  const page = await openPage(t);
  /** @type {number[]} */
  const answers = [];
  page.on("response", (response) => { if (response.url().includes("/export.mp4?")) answers.push(response.status()); });
  await selectAll(page, owlery);
  const file = await download(page);
  assert.equal(file.suggestedFilename(), `Camera1 ${day} 10-00–10-02.mp4`);
  const { format_name: kind, duration } = probe(await file.path());
  assert.match(kind, /mp4/);
  assert.ok(Number(duration) > 5.5, duration); // three movies of 2 s
  assert.equal(answers[0], 202);
  await button(page).waitFor(); // it can be pressed again
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("events that are not in the movie are told", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1, { isBroken: true, frames: 0 }), minute(2)] });
  const page = await openPage(t, { expects: [/422/] }); // its picture
  await selectAll(page, owlery);
  const file = await download(page);
  assert.match(probe(await file.path()).format_name, /mp4/);
  await page.getByText("The movie is without 1 event").waitFor();
});

test("a movie that cannot be made is no download, and the cause is told", async (t) => {
  const owlery = await serve(t, { events: [minute(0, { isBroken: true, frames: 0 })] });
  const page = await openPage(t, { expects: [/422/] });
  page.on("download", () => assert.fail("a download"));
  await selectAll(page, owlery);
  await button(page).click();
  await page.getByRole("alert").getByText(/^The movie cannot be made: ./).waitFor();
  await button(page).waitFor();
});

test("the progress is shown and said, and a second press or Escape cancels", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1)] });
  const page = await openPage(t);
  let downloads = 0;
  page.on("download", () => downloads++);
  await makeLong(page);
  await selectAll(page, owlery);
  const cancel = page.getByRole("button", { name: "Cancel the MP4" });
  const makes = async () => {
    await button(page).press("Enter");
    await cancel.getByText("37 %").waitFor();
  };
  await makes();
  await page.getByRole("status").getByText("The movie is being made: 30 %").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await cancel.press("Enter");
  await button(page).waitFor();
  await makes();
  await page.keyboard.press("Escape");
  await button(page).waitFor();
  await page.getByText("2 selected").waitFor();
  assert.equal(await button(page).evaluate((button) => /** @type {ShadowRoot} */ (button.getRootNode()).activeElement === button), true);
  await makes();
  await page.unroute("**/api/v1/export.mp4?*");
  await waitUntil("the download", () => downloads === 1);
  await page.keyboard.press("Escape");
  await page.getByText("2 selected").waitFor({ state: "detached" });
  assert.equal(downloads, 1);
});

test("a phone shows the progress in the bar", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1)] });
  const page = await openPage(t, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: "dark" });
  await makeLong(page);
  await selectAll(page, owlery);
  await button(page).tap();
  const progress = page.getByText("37 %");
  await progress.waitFor();
  const box = /** @type {{x: number, width: number}} */ (await progress.boundingBox());
  assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
  assert.deepEqual(await axeViolations(page), []);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/export-phone.png` });
  await page.getByRole("button", { name: "Cancel the MP4" }).tap();
  await button(page).waitFor();
});
