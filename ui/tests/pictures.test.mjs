import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";
import { go } from "./opened.mjs";
import { movie, picture } from "./recordings.mjs";

after(closeBrowser);

const FLAT = ["--layout", "%Y-%m-%d/%H-%M-%S"];
const [DAY, OTHER] = [daysAgo(2), daysAgo(5)];
const HOSTILE = `Camera<b>&"'%2F ü`;

/** Writes a file that is old enough to be no recording in progress.
 * @param {string} root @param {string} path @param {string} content a file to copy, or a text */
function write(root, path, content) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (content.startsWith("/")) copyFileSync(content, file);
  else writeFileSync(file, content);
  const old = new Date(`${DAY}T12:00:00`);
  for (const each of [file, dirname(file)]) utimesSync(each, old, old);
}

/** The name of a picture, each ten seconds after the one before. @param {number} nth */
const nthName = (nth) => `${String(10 + Math.floor(nth / 360)).padStart(2, "0")}-${String(Math.floor(nth / 6) % 60).padStart(2, "0")}-${nth % 6}0.jpg`;

/** @param {import("playwright-core").Page} page */
const names = (page) => page.locator("owl-pictures .tile .name").allInnerTexts();
/** The names of the pictures that are loaded. @param {import("playwright-core").Page} page @param {string} selector @returns {Promise<string[]>} */
const loaded = (page, selector) => page.locator(selector).evaluateAll((/** @type {any[]} */ images) => images.filter((image) => image.naturalWidth > 0).map(({ alt }) => alt));
/** @param {import("playwright-core").Page} page */
const shown = async (page) => (await loaded(page, "owl-pictures .tile img")).length;
/** @param {import("playwright-core").Page} page */
const whole = async (page) => (await loaded(page, "owl-whole img")).join();
/** @param {import("playwright-core").Page} page @param {string[]} wanted */
const untilNames = (page, wanted) => waitUntil(wanted.join(), async () => String(await names(page)) === String(wanted));

test("the pictures of a day are shown by camera, and each whole", async (t) => {
  const owlery = await serve(t, { flags: FLAT, prepare: (root) => {
    for (const path of [`Camera1/${DAY}/15-00-00.jpg`, `Camera1/${DAY}/15-00-10.jpg`, `${HOSTILE}/${DAY}/16-00-00.jpg`]) write(root, path, picture(1));
    write(root, `Camera1/${DAY}/10-00-00.mp4`, movie(3));
    write(root, `Camera1/${OTHER}/${OTHER.replaceAll("-", "")}-timelapse.avi`, "movie");
  } });
  await waitUntil("all are counted", async () => (
    (await owlery.json(`api/v1/days?from=${DAY}&to=${DAY}`)).days.reduce((/** @type {number} */ sum, /** @type {any} */ { loose }) => sum + loose, 0) === 3));
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await go(page, { pictures: DAY });
  await untilNames(page, ["15-00-00.jpg", "15-00-10.jpg"]);
  await page.getByText("Camera1: 2 pictures").waitFor();
  await waitUntil("they are shown", async () => (await shown(page)) === 2);
  assert.deepEqual(await axeViolations(page), []);
  await page.locator("owl-pictures").getByRole("button", { name: HOSTILE }).click();
  await untilNames(page, ["16-00-00.jpg"]);
  await waitUntil("it is shown", async () => (await shown(page)) === 1);
  await page.locator(".tile").click();
  await waitUntil("whole", async () => (await whole(page)) === `${HOSTILE}, 16-00-00.jpg`);
  await page.goBack();
  await page.locator("owl-pictures").getByRole("button", { name: "Camera1" }).click();
  await untilNames(page, ["15-00-00.jpg", "15-00-10.jpg"]);

  await page.locator(".tile").first().focus();
  await page.keyboard.press("Enter");
  await waitUntil("the first whole", async () => (await whole(page)) === "Camera1, 15-00-00.jpg");
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await waitUntil("the next", async () => (await whole(page)) === "Camera1, 15-00-10.jpg");
  await page.getByText("2 of 2").waitFor();
  await page.reload();
  await waitUntil("the same after a reload", async () => (await whole(page)) === "Camera1, 15-00-10.jpg");
  await page.goBack();
  await page.locator("owl-whole").waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).search, `?pictures=${DAY}`);
  const focused = page.locator(".tile:focus .name");
  await waitUntil("the focus is on the picture that was seen last", async () => String(await focused.allInnerTexts()) === "15-00-10.jpg");
  await page.keyboard.press("Escape");
  await page.locator("owl-pictures").waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).search, "");

  await page.goto(`${owlery.url}?pictures=${OTHER}`);
  await page.getByText("Camera1: no pictures, 1 other file").waitFor();
  await page.goto(`${owlery.url}?pictures=${daysAgo(20)}`);
  await page.getByText("Every file of this day belongs to an event.").waitFor();
  assert.equal(await page.title(), "Owlery");
});

test("what cannot be shown is told, and what failed comes back with the service", async (t) => {
  const owlery = await serve(t, { flags: FLAT, prepare: (root) => {
    const none = "<script>document.title = 'no picture'</script>";
    for (let nth = 0; nth < 210; nth++) write(root, `Camera1/${DAY}/${nthName(nth)}`, nth === 1 ? none : picture(1));
  } });
  const page = await openPage(t, { viewport: { width: 390, height: 844 }, colorScheme: "dark", expects: [/ERR_CONNECTION/, /Failed to load/] });
  await page.goto(`${owlery.url}?pictures=${DAY}`);
  const bad = page.locator(".tile", { hasText: nthName(1) });
  await bad.getByText("This cannot be shown.").waitFor();
  await waitUntil("no other", async () => (await page.locator(".blank").count()) === 1); // it is tried again when the stream is there
  await bad.click();
  await page.getByText("This browser cannot show the picture.").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Escape");
  rmSync(join(owlery.root, `Camera1/${DAY}/${nthName(200)}`)); // on the next page, so it was not loaded
  await page.locator(".tile").last().click();
  await page.locator("owl-pictures").getByRole("button", { name: "Next picture" }).click();
  await page.getByText("The picture is not there any more.").waitFor();
  await owlery.stop();
  await page.locator("owl-pictures").getByRole("button", { name: "Next picture" }).click();
  await page.getByText("The service cannot be reached. The picture is loaded when it can.").waitFor();
  await owlery.start();
  await waitUntil("it is loaded", async () => (await whole(page)) === `Camera1, ${nthName(201)}`);
  await page.keyboard.press("Escape");
  await page.locator("owl-whole").waitFor({ state: "detached" });
  assert.equal(await page.title(), "Owlery");
});

test("many pictures are pages", async (t) => {
  const range = (/** @type {number} */ from, /** @type {number} */ to) => Array.from({ length: to - from }, (_, nth) => nthName(from + nth));
  const owlery = await serve(t, { flags: FLAT, prepare: (root) => {
    for (const each of range(0, 601)) write(root, `Camera1/${DAY}/${each}`, picture(1));
  } });
  const page = await openPage(t, { viewport: { width: 500, height: 900 } });
  await page.goto(`${owlery.url}?pictures=${DAY}`);
  await untilNames(page, range(0, 200));
  await waitUntil("those in view", async () => (await shown(page)) > 0);
  assert.ok((await shown(page)) < 200);
  await page.locator("owl-pictures").getByRole("button", { name: "Later" }).click();
  await untilNames(page, range(200, 400));
  await page.locator("owl-pictures").getByRole("combobox", { name: "Pages" }).selectOption({ label: `from ${nthName(600)}` });
  await untilNames(page, range(600, 601));
  await page.locator(".tile").click();
  await page.locator("owl-pictures").getByRole("button", { name: "Previous picture" }).click();
  await waitUntil("the one before", async () => (await whole(page)) === `Camera1, ${nthName(599)}`);
  await page.locator("owl-pictures").getByRole("button", { name: "Close" }).last().click();
  await untilNames(page, range(400, 600));
  assert.deepEqual(await axeViolations(page), []);
});
