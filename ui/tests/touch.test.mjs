// Two fingers on the picture of the player: they zoom, one moves the picture, and neither pauses, scrolls or closes anything. (Those of the
// timeline are in `timeline.test.mjs`.)

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";
import { ask, until } from "./opened.mjs";
import { movie, putMovie } from "./recordings.mjs";

after(closeBrowser);

const DAY = daysAgo(1);
const EVENT = `Camera1/${DAY}/10-00-00`;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, reducedMotion: /** @type {const} */ ("reduce") };

/** @param {import("playwright-core").Page} page */
async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  /** @param {"touchStart" | "touchMove" | "touchEnd"} type @param {...[number, number]} points */
  const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  /** Moves fingers in steps, each from one point to another. @param {[number, number, number, number][]} ways */
  const move = async (...ways) => {
    for (let step = 0; step <= 5; step++) {
      const points = ways.map(([x, y, toX, toY]) => /** @type {[number, number]} */ ([x + ((toX - x) * step) / 5, y + ((toY - y) * step) / 5]));
      await touch(step ? "touchMove" : "touchStart", ...points);
    }
    await touch("touchEnd");
  };
  return { move };
}

/** How large the picture is shown, and where the middle of the stage is on it, from 0 to 1. @param {import("playwright-core").Page} page */
const shown = (page) => page.locator("owl-stage").evaluate((/** @type {any} */ stage) => {
  const [picture, whole] = [stage.screen, stage.shadowRoot.querySelector(".picture")].map((element) => element.getBoundingClientRect());
  return { scale: stage.zoom.scale, part: (whole.left + whole.width / 2 - picture.left) / picture.width, isPaused: stage.isPaused };
});

test("two fingers zoom the picture, and one moves it", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00", seconds: 60 }], prepare: (root) => putMovie(root, EVENT, movie(60)) });
  const page = await openPage(t, PHONE);
  await page.goto(`${owlery.url}?event=${EVENT}`);
  await until(page, "its movie", (stage) => stage.screen instanceof HTMLVideoElement && stage.isShown);
  const { move } = await fingers(page);
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await page.locator("owl-stage .picture").boundingBox());
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];

  for (const [name, across, down] of /** @type {const} */ ([["side by side", 1, 0], ["one above the other", 0, 1], ["at an angle", 0.7, 0.7]])) {
    const [near, far] = [20, 80];
    await move(
      [x - near * across, y - near * down, x - far * across, y - far * down],
      [x + near * across, y + near * down, x + far * across, y + far * down],
    );
    const zoomed = await shown(page);
    assert.ok(Math.abs(zoomed.scale - 4) < 0.3, `${name}: ${JSON.stringify(zoomed)}`);
    assert.ok(Math.abs(zoomed.part - 0.5) < 0.05, `${name}: what was between the fingers stays there: ${zoomed.part}`);
    await move([x, y, x - 60, y]);
    const moved = await shown(page);
    assert.ok(Math.abs(moved.part - zoomed.part - 60 / (4 * box.width)) < 0.02, `${name}: ${moved.part} after ${zoomed.part}`);
    await move(
      [x - far * across, y - far * down, x - 10 * across, y - 10 * down],
      [x + far * across, y + far * down, x + 10 * across, y + 10 * down],
    );
    await until(page, `${name}: the whole picture again`, (stage) => stage.zoom.scale === 1 && stage.screen.style.transform === "");
  }
  assert.equal((await shown(page)).isPaused, true, "that is no click");
  assert.equal(await page.evaluate(() => visualViewport?.scale), 1, "the page itself is not zoomed");
  await page.touchscreen.tap(x, y);
  await until(page, "a tap plays", (stage) => !stage.isPaused);
  assert.equal(new URL(page.url()).searchParams.get("event"), EVENT);
});

test("one finger scrolls the player while the picture is whole", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00" }] });
  const page = await openPage(t, { ...PHONE, viewport: { width: 390, height: 640 } });
  await page.goto(`${owlery.url}?event=${EVENT}`);
  await until(page, "its movie", (stage) => stage.isShown);
  const { move } = await fingers(page);
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await page.locator("owl-stage .picture").boundingBox());
  const x = box.x + box.width / 2;
  await waitUntil("the details are scrolled", async () => {
    await move([x, box.y + box.height - 10, x, box.y - 100]);
    return page.locator("owl-player .body").evaluate((body) => body.scrollTop > 0);
  });
  assert.equal(await ask(page, (stage) => stage.zoom.scale), 1);
});
