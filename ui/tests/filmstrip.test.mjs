import assert from "node:assert/strict";
import { after, test } from "node:test";
import { utimesSync } from "node:fs";
import { join } from "node:path";

import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";
import { ask, assertClosed, show, timeShow, until, watchReviews } from "./opened.mjs";
import { addFrame, beginEvent, movie, putMovie, writeFrames } from "./recordings.mjs";

after(closeBrowser);

const DAY = daysAgo(1);
const id = (/** @type {string} */ time) => `Camera1/${DAY}/${time}`;

test("frames are played like a movie, about 25 a second", async (t) => {
  const owlery = await serve(t, { prepare: (root) => { writeFrames(root, DAY, "10-00-00", 150); } });
  const page = await openPage(t);
  const reviewed = watchReviews(page);
  let most = 0;
  const onTheirWay = new Set();
  page.on("request", (request) => { if (/\d\.jpg$/.test(request.url())) most = Math.max(most, onTheirWay.add(request).size); });
  page.on("requestfinished", (request) => onTheirWay.delete(request));
  page.on("requestfailed", (request) => onTheirWay.delete(request));
  await waitUntil("it is complete", async () => (await owlery.json(`api/v1/events/${id("10-00-00")}`)).state === "complete");
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await show(page, id("10-00-00"));
  await until(page, "a frame", (stage) => stage.screen?.frames?.length === 150 && stage.isShown);
  const rate = await page.locator("owl-stage").evaluate((/** @type {any} */ stage) => new Promise((done) => {
    const [at, start] = [stage.screen.currentTime, performance.now()];
    setTimeout(() => done((25 * (stage.screen.currentTime - at)) / ((performance.now() - start) / 1000)), 2000);
  }));
  t.diagnostic(`${rate} frames a second`);
  assert.ok(rate > 5 && rate < 27, String(rate)); // machines of tests may be slow
  assert.ok(most <= 4, `${most} requests at the same time`);

  await page.keyboard.press("Space");
  await until(page, "paused", (stage) => stage.isPaused);
  const drawn = () => ask(page, (stage) => stage.screen.dataset.frame.split("/").at(-1));
  await page.locator("owl-player").getByRole("slider").fill("1");
  await waitUntil("the frame of the first second", async () => (await drawn()) === "10-00-02-05.jpg");
  assert.equal(await page.locator("owl-stage .wall").innerText(), "10:00:02");
  await page.keyboard.press(".");
  await waitUntil("the next", async () => (await drawn()) === "10-00-02-06.jpg");
  await page.keyboard.press(",");
  await page.keyboard.press(",");
  await waitUntil("the one before", async () => (await drawn()) === "10-00-02-04.jpg");
  assert.deepEqual(await axeViolations(page), []);
  await page.locator("owl-player").getByRole("combobox", { name: "Speed" }).selectOption("16");
  await page.locator("owl-player dialog").focus();
  assert.equal(reviewed.length, 0);
  await page.keyboard.press("Space");
  await waitUntil("it was watched to its end", () => reviewed.length === 1);
  await waitUntil("the last frame", async () => (await drawn()) === "10-00-14-09.jpg");

  await page.goBack();
  await assertClosed(page);
  const took = await timeShow(page, id("10-00-00"));
  t.diagnostic(`first frame: ${Math.round(took)} ms`);
});

test("of an interrupted event the frames are shown, and why", async (t) => {
  const owlery = await serve(t, {
    events: [{ day: DAY, time: "10-00-00", isBroken: true }, { day: DAY, time: "10-01-00", isBroken: true, frames: 0 }],
    prepare: (root) => {
      const later = new Date(`${DAY}T11:00:00`);
      for (const time of ["10-00-00", "10-01-00"]) utimesSync(join(root, id(time)), later, later); // else they may still be recorded
    },
  });
  const page = await openPage(t, { expects: [/Failed to load resource/] });
  await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
  await page.getByText("The recording was interrupted, and its movie cannot be played.").waitFor();
  await until(page, "its frames", (stage) => stage.screen?.frames?.length === 3 && stage.isShown);
  await page.goto(`${owlery.url}?event=${id("10-01-00")}`);
  await page.getByText("The recording was interrupted, and its movie cannot be played.").waitFor();
  await until(page, "nothing plays", (stage) => stage.screen === null);
});

test("what is being recorded is followed, and its movie plays when it is over", async (t) => {
  const owlery = await serve(t);
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  const event = beginEvent(owlery.root);
  await waitUntil("it is known", async () => (await owlery.json("api/v1/events")).events.length === 1);
  await show(page, event);
  await page.locator("owl-stage").getByText("recording", { exact: true }).waitFor();
  await until(page, "the frame", (stage) => stage.screen?.frames?.length === 1 && stage.isShown);
  for (const nth of [1, 2]) {
    const name = addFrame(owlery.root, event, nth);
    await waitUntil("the newest frame", async () => (await ask(page, (stage) => stage.screen?.dataset.frame?.split("/").at(-1))) === name);
  }
  assert.equal(await ask(page, (stage) => stage.screen.ended), false);
  putMovie(owlery.root, event, movie(3));
  const now = new Date();
  utimesSync(join(owlery.root, event, "video.mp4"), now, now);
  await until(page, "its movie", (stage) => stage.screen instanceof HTMLVideoElement && stage.screen.currentTime > 0);
  assert.equal(await page.locator("owl-stage").getByText("recording", { exact: true }).count(), 0);
});

test("frames that were lost while the service was away come back", async (t) => {
  const owlery = await serve(t, { prepare: (root) => { writeFrames(root, DAY, "10-00-00", 100); } });
  await waitUntil("it is complete", async () => (await owlery.json(`api/v1/events/${id("10-00-00")}`)).state === "complete");
  const page = await openPage(t, { expects: [/ERR_CONNECTION/, /ERR_INCOMPLETE/, /Failed to load/] });
  const reviewed = watchReviews(page);
  await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
  await until(page, "a frame", (stage) => stage.screen?.frames?.length === 100 && stage.isShown);
  await owlery.stop();
  await page.getByText("The service cannot be reached. This goes on when it can.").waitFor();
  assert.equal(reviewed.length, 0, "it was not watched to its end");
  await owlery.start();
  await waitUntil("it was watched to its end", () => reviewed.length === 1);
});
