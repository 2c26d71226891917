// The page in windows with little room: on phones, and where somebody has made everything large.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { askGrid, cards, pictures } from "./day.mjs";
import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";

after(closeBrowser);

const LONG = `Hinterhof<b>&"'%2F ü ${"und Garageneinfahrt ".repeat(10)}`.trim();

/** Events of many hours of a day. @param {number} back days before today @param {string} [camera] */
const hours = (back, camera = "Camera1") =>
  Array.from({ length: 20 }, (_, hour) => ({ camera, day: daysAgo(back), time: `${String(hour).padStart(2, "0")}-00-01`, frames: 1, movie: false }));

/** How many cards can be seen whole: nothing covers one of their corners. @param {import("playwright-core").Page} page */
const wholeCards = (page) => cards(page).evaluateAll((all) => all.filter((card) => {
  const { left, right, top, bottom } = card.getBoundingClientRect();
  const corners = [left + 8, right - 8].flatMap((x) => [top + 8, bottom - 1].map((y) => ({ x, y })));
  const root = /** @type {ShadowRoot} */ (card.getRootNode());
  return top >= 0 && bottom <= innerHeight && corners.every(({ x, y }) => card.contains(root.elementFromPoint(x, y)));
}).length);

test("in a low window only the heading of the day stays, and cards are seen whole", async (t) => {
  const owlery = await serve(t, { events: [...hours(1), ...hours(2), ...hours(1, "Camera2")] });
  const page = await openPage(t);
  for (const [width, height] of [[640, 400], [320, 256], [800, 390]]) {
    await page.setViewportSize({ width, height });
    await page.goto(owlery.url);
    await pictures(page);
    assert.equal(await askGrid(page, (grid) => grid.stick), 0);
    await page.evaluate(() => scrollTo(0, 700));
    await pictures(page);
    await waitUntil("the heading of the day at the top", () => page.locator("owl-grid .head").first().evaluate((head) => Math.round(head.getBoundingClientRect().top) === 0));
    for (const name of ["header", "nav", "owl-timeline"]) {
      assert.ok(await page.locator(name).first().evaluate((element) => element.getBoundingClientRect().bottom <= 0), `${name} at ${width} × ${height}`);
    }
    // There is room for a row.
    await cards(page).first().evaluate((card) => {
      const head = /** @type {ShadowRoot} */ (card.getRootNode()).querySelector(".head");
      scrollBy(0, card.getBoundingClientRect().top - /** @type {HTMLElement} */ (head).offsetHeight);
    });
    await waitUntil(`a whole card at ${width} × ${height}`, async () => (await wholeCards(page)) >= 1);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  }
});

test("what stays above the list follows the height of the window", async (t) => {
  const owlery = await serve(t, { events: hours(1) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const lowest = () => page.locator("owl-day .top").evaluate((top) => Math.round(top.getBoundingClientRect().bottom));
  await page.evaluate(() => scrollTo(0, 900));
  const high = await lowest();
  assert.ok(high > 100);
  assert.equal(await askGrid(page, (grid) => grid.stick), high);
  await page.setViewportSize({ width: 1280, height: 400 });
  await waitUntil("nothing stays", async () => (await askGrid(page, (grid) => grid.stick)) === 0);
  await page.setViewportSize({ width: 1280, height: 800 });
  await waitUntil("the timeline stays again", async () => (await askGrid(page, (grid) => grid.stick)) === high);
  assert.equal(await lowest(), high);
});

test("names that are too long for the timeline are cut, not squeezed", async (t) => {
  const names = ["Camera1", "Hinterhof und Garageneinfahrt", LONG];
  const owlery = await serve(t, { events: names.flatMap((camera) => hours(1, camera)), flags: ["--camera-pattern", ".*"] });
  const page = await openPage(t);
  await page.addInitScript(() => {
    /** @type {{args: any[], width: number}[]} */
    const drawn = (/** @type {any} */ (window).drawn = []);
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (...args) {
      drawn.push({ args, width: this.measureText(args[0]).width });
      return fillText.apply(this, args);
    };
  });
  for (const [width, most] of [[1280, 140], [360, 90]]) {
    await page.setViewportSize({ width, height: 700 });
    await page.goto(owlery.url);
    const texts = await waitUntil("three names", async () => {
      const drawn = await page.evaluate(() => /** @type {{args: any[], width: number}[]} */ (/** @type {any} */ (window).drawn));
      const names = drawn.filter(({ args }) => /^(Cam|Hin)/.test(args[0]));
      assert.ok(names.every(({ args }) => args.length === 3), "no greatest width is given to `fillText`");
      assert.ok(names.every(({ width }) => width <= most));
      const texts = [...new Set(names.map(({ args }) => args[0]))].sort();
      return texts.length === 3 && texts;
    });
    assert.equal(texts[0], "Camera1");
    for (const text of texts.slice(1)) {
      assert.match(text, /^Hin.*…$/);
      assert.ok(names.some((name) => name.startsWith(text.slice(0, -1))));
    }
  }
});

test("the head of the player is as low for a long name", async (t) => {
  const owlery = await serve(t, { events: [LONG, "Camera1"].map((camera) => ({ camera, day: daysAgo(1), time: "10-04-36", movie: false })), flags: ["--camera-pattern", ".*"] });
  const page = await openPage(t, { hasTouch: true, isMobile: true });
  for (const [width, height] of [[360, 640], [320, 256], [640, 400]]) {
    await page.setViewportSize({ width, height });
    /** @type {number[]} */
    const heights = [];
    for (const camera of ["Camera1", LONG]) {
      await page.goto(`${owlery.url}?event=${encodeURIComponent(`${camera}/${daysAgo(1)}/10-04-36`)}`);
      const title = page.locator("owl-player h2 span").first();
      await title.getByText(camera.slice(0, 20)).waitFor();
      const head = page.locator("owl-player .head");
      heights.push(await head.evaluate((head) => /** @type {HTMLElement} */ (head).offsetHeight));
      const lines = await page.locator("owl-player h2").evaluate((title) => Math.round(title.getBoundingClientRect().height / parseFloat(getComputedStyle(title).lineHeight)));
      assert.ok(lines <= 2, `${lines} lines`);
      assert.ok((await page.locator("owl-player h2").getAttribute("title"))?.startsWith(`${camera}, `));
      const time = await page.locator("owl-player h2 > span").nth(1).evaluate((time) => time.scrollWidth <= time.clientWidth);
      assert.ok(time, "the time is not cut");
    }
    assert.ok(heights[1] - heights[0] <= 24, String(heights));
    assert.ok(heights[1] <= 110, String(heights));
    assert.deepEqual(await axeViolations(page), []);
  }
  // In a low window the head does not stay.
  await page.setViewportSize({ width: 320, height: 256 });
  await page.getByRole("button", { name: "Copy link to this moment" }).scrollIntoViewIfNeeded();
  assert.ok(await page.locator("owl-player .head").evaluate((head) => head.getBoundingClientRect().bottom <= 0));
});

test("many cameras take one row of a phone", async (t) => {
  const names = [LONG, ...Array.from({ length: 8 }, (_, nth) => `Camera${nth}`)];
  const owlery = await serve(t, { events: names.map((camera) => ({ camera, day: daysAgo(1), time: "10-00-00", frames: 1, movie: false })), flags: ["--camera-pattern", ".*"] });
  const page = await openPage(t, { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  for (const view of ["calendar", "live"]) {
    await page.goto(`${owlery.url}?view=${view}`);
    const chips = page.locator(".chips");
    await chips.getByRole("button", { name: "Camera7" }).waitFor();
    assert.ok(await chips.evaluate((chips) => chips.getBoundingClientRect().height < 60));
    await chips.getByRole("button", { name: "Camera7" }).click();
    await waitUntil("it is chosen", () => new URL(page.url()).searchParams.get("cameras") === "Camera7");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    assert.deepEqual(await axeViolations(page), []);
  }
});
