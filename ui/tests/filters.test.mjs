import assert from "node:assert/strict";
import { after, test } from "node:test";

import { askGrid, cards, ids, pictures } from "./day.mjs";
import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

after(closeBrowser);

const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
const day = daysAgo(1);
const id = (/** @type {string} */ time, camera = "Camera1") => `${camera}/${day}/${time}`;

/** Waits until the list has exactly these cards. @param {import("playwright-core").Page} page @param {string[]} wanted */
const shows = (page, wanted) => waitUntil(`the cards ${wanted}`, async () => (await ids(page)).join() === wanted.join());

test("cameras are chosen, several too, and the address has them", async (t) => {
  const owlery = await serve(t, { events: ["Camera1", "Camera2", "Camera3"].map((camera, nth) => ({ day, time: `10-0${nth}-00`, camera })) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.getByRole("button", { name: "Camera1 1" }).click();
  await shows(page, [id("10-00-00")]);
  await page.getByRole("button", { name: "Camera3 1" }).click();
  await shows(page, [id("10-02-00", "Camera3"), id("10-00-00")]);
  assert.deepEqual(new URL(page.url()).searchParams.getAll("cameras"), ["Camera1", "Camera3"]);
  await page.reload();
  await shows(page, [id("10-02-00", "Camera3"), id("10-00-00")]);
  await page.goBack();
  await shows(page, [id("10-00-00")]);
  await page.getByRole("button", { name: "Remove filters" }).click();
  await waitUntil("all cards", async () => (await ids(page)).length === 3);
  assert.equal(new URL(page.url()).search, "");
});

test("what the counts do not cover is found page by page", async (t) => {
  const events = Array.from({ length: 150 }, (_, nth) => ({ day: daysAgo(1 + Math.floor(nth / 50)), time: `10-${two(nth % 50)}-00`, movie: false, saved: nth % 50 > 1 }));
  const owlery = await serve(t, { events });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.getByRole("button", { name: "Saved" }).click();
  await waitUntil("the newest saved event", async () => (await ids(page))[0] === id("10-49-00"));
  await page.waitForURL(/saved=1/);
  await waitUntil("the oldest saved event", async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return (await ids(page)).includes(`Camera1/${daysAgo(3)}/10-02-00`);
  });
  assert.ok(!(await ids(page)).includes(`Camera1/${daysAgo(3)}/10-01-00`));
  assert.equal(await askGrid(page, (grid) => grid.layout.days.reduce((/** @type {number} */ sum, /** @type {any} */ { count }) => sum + count, 0)), 144);
  // A day is reached, and from there what is newer.
  await page.getByLabel("Go to the day").fill(daysAgo(2));
  await waitUntil("the day", async () => (await ids(page)).includes(`Camera1/${daysAgo(2)}/10-49-00`));
  await page.goto(`${owlery.url}?saved=1&day=${daysAgo(3)}`);
  await waitUntil("the day", async () => (await ids(page)).includes(`Camera1/${daysAgo(3)}/10-49-00`));
  await waitUntil("the newest again", async () => {
    await page.evaluate(() => scrollTo(0, 0));
    return (await ids(page))[0] === id("10-49-00");
  });
  await page.getByRole("button", { name: "Saved" }).click();
  await page.waitForURL((url) => !url.searchParams.has("saved"));
});

test("what is found page by page moves nothing that is shown", async (t) => {
  // One to three saved events an hour, so that pages end within hours, and days within rows.
  const events = Array.from({ length: 300 }, (_, nth) => ({ nth, hour: 299 - nth })).filter(({ nth }) => nth % 4).flatMap(({ nth, hour }) => (
    Array.from({ length: 1 + (nth % 3) }, (_, count) => (
      { day: daysAgo(1 + Math.floor((299 - hour) / 24)), time: `${two(hour % 24)}-${two(10 * count)}-00`, movie: false, frames: 1, saved: true }))));
  const owlery = await serve(t, { events });
  const page = await openPage(t);
  /** @type {(() => void)[]} */
  const held = [];
  await page.route(/events\?.*(cursor|order=asc)/, async (route) => {
    await new Promise((resume) => held.push(() => resume(undefined)));
    await route.continue();
  });
  /** Where every card is, its day and hour, and where the list is. */
  const places = () => askGrid(page, (grid) => ({
    y: grid.y, hours: grid.layout.days.flatMap((/** @type {any} */ { day, top, hours }) => hours.map((/** @type {any} */ hour) => (
      { key: `${day} ${hour.hour}`, count: hour.count, column: hour.column, top: top + hour.top }))) }));
  /** Lets the requests go, until there are more hours; what was there has to be where it was. @param {string} start */
  const grow = async (start) => {
    const before = await places();
    const after = await waitUntil("more hours", async () => {
      for (const go of held.splice(0)) go();
      const now = await places();
      return now.hours.length > before.hours.length ? now : null;
    });
    const found = new Map(after.hours.map((/** @type {any} */ hour) => [hour.key, hour]));
    const shift = after.y - before.y;
    for (const { key, ...was } of before.hours) {
      const is = /** @type {any} */ (found.get(key));
      if (key === start) assert.deepEqual([is.column, was.column], [0, 0]); // it has rows of its own while it grows
      else if (was.top === before.hours[0].top) assert.equal(is.top, was.top + shift); // in the first row newer hours go to the left
      else assert.deepEqual({ ...was, top: was.top + shift }, { count: is.count, column: is.column, top: is.top }, key);
    }
    return after;
  };
  for (const [query, start, times] of /** @type {[string, string, number][]} */ ([["", "", 4], [`&day=${daysAgo(6)}`, "", 4], [`&day=${daysAgo(6)}&at=${daysAgo(6)}T12:15:00`, `${daysAgo(6)} 12`, 4]])) {
    await page.goto(`${owlery.url}?saved=1${query}`);
    await waitUntil("the first cards", async () => (await ids(page)).length > 0);
    for (let nth = 0; nth < times; nth++) {
      await waitUntil("a request that waits", async () => {
        await page.evaluate((isUp) => scrollTo(0, isUp ? 0 : document.documentElement.scrollHeight), query !== "" && nth % 2 > 0);
        return held.length > 0;
      });
      await grow(start);
    }
    for (const go of held.splice(0)) go();
  }
});

test("events come and go under a filter as they change", async (t) => {
  const owlery = await serve(t, { events: [{ day, time: "10-00-00", saved: true }, { day, time: "10-05-00" }] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?saved=1`);
  await shows(page, [id("10-00-00")]);
  owlery.add({ day, time: "11-00-00", saved: true });
  await shows(page, [id("11-00-00"), id("10-00-00")]);
  await cards(page).first().getByRole("button", { name: /^Save/ }).click();
  await shows(page, [id("10-00-00")]);
  await waitUntil("no longer saved", async () => !(await owlery.json(`api/v1/events/${id("11-00-00")}`)).saved);
});

test("length, strength and part of the day restrict the list", async (t) => {
  const events = [{ day, time: "03-00-00", seconds: 40 }, { day, time: "12-00-00", seconds: 40 }, { day, time: "12-10-00", seconds: 4 }, { day, time: "23-00-00", seconds: 4 }];
  const owlery = await serve(t, { events });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await waitUntil("all cards", async () => (await ids(page)).length === 4);
  await page.getByLabel("Part of the day").selectOption("22-06");
  await shows(page, [id("23-00-00"), id("03-00-00")]);
  assert.deepEqual(await page.getByLabel("Any length").locator("option").allTextContents(), ["Any length", "≥ 5 s", "≥ 10 s", "≥ 30 s", "≥ 1 min", "≥ 5 min"]);
  await page.getByLabel("Any length").selectOption("30");
  await shows(page, [id("03-00-00")]);
  await page.getByLabel("Part of the day").selectOption("custom");
  await page.getByLabel("From").selectOption("11");
  await page.getByLabel("To", { exact: true }).selectOption("13");
  await shows(page, [id("12-00-00")]);
  assert.equal(new URL(page.url()).search, "?min=30&hours=11-13");
  await page.getByLabel("Any length").selectOption("0");
  await shows(page, [id("12-10-00"), id("12-00-00")]);
  await page.getByLabel("Any strength").selectOption("20000");
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.getByRole("button", { name: "Remove filters" }).last().click();
  await waitUntil("all cards again", async () => (await ids(page)).length === 4);
  await page.goto(`${owlery.url}?min=45&strength=77`);
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  assert.equal(await page.getByLabel("Any length").inputValue(), "45");
});

test("a region is drawn with the pointer, and by keyboard", async (t) => {
  const owlery = await serve(t, { events: [{ day, time: "10-00-00" }] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.getByRole("button", { name: "Region" }).click();
  const picture = page.getByRole("application");
  await page.locator("owl-region img").waitFor();
  await waitUntil("the picture", () => page.locator("owl-region img").evaluate((image) => /** @type {HTMLImageElement} */ (image).naturalWidth > 0));
  assert.deepEqual(await axeViolations(page), []);
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await picture.boundingBox());
  await page.mouse.move(box.x + box.width * 0.1, box.y + box.height * 0.2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.6, { steps: 3 });
  await page.mouse.up();
  await picture.press("ArrowRight");
  await picture.press("Shift+ArrowDown");
  await page.getByLabel("Left").fill("20");
  await page.getByLabel("Left").press("Enter");
  await page.waitForURL(/region=/);
  const region = (new URL(page.url()).searchParams.get("region") ?? "").split(",").map(Number);
  for (const [nth, wanted] of [0.2, 0.2, 0.42, 0.62].entries()) assert.ok(Math.abs(region[nth] - wanted) < 0.01, String(region));
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor(); // the pictures do not say where something moved
  await page.getByRole("button", { name: "Region" }).click();
  await page.getByRole("button", { name: "Whole picture" }).click();
  await shows(page, [id("10-00-00")]);
});

test("a new event in the region appears", async (t) => {
  const owlery = await serve(t, { events: [{ day, time: "10-00-00" }] });
  const page = await openPage(t);
  // The pictures of this test do not say where something moved.
  await page.route(/api\/v1\/events\?.*region=/, async (route) => {
    const url = new URL(route.request().url());
    const isAsked = url.searchParams.get("from") === `${day}T11:00:00`;
    const found = isAsked ? (await owlery.json(`api/v1/events?from=${day}T11:00:00`)).events : [];
    await route.fulfill({ json: { events: found, next: null } });
  });
  await page.goto(`${owlery.url}?region=0,0,0.5,0.5`);
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  owlery.add({ day, time: "11-00-00" });
  await shows(page, [id("11-00-00")]);
});

test("an address with what there is not says so", async (t) => {
  const owlery = await serve(t, { events: [{ day, time: "10-00-00" }] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?cameras=Nowhere`);
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  await page.getByRole("button", { name: "Nowhere 0" }).click();
  await shows(page, [id("10-00-00")]);
  await page.goto(`${owlery.url}?day=2026-02-31&hours=99-1`);
  await shows(page, [id("10-00-00")]);
  for (const event of ["../me", "..", "%00", "Camera1/../..", "../../../logout"]) {
    await page.goto(`${owlery.url}?event=${event}&region=0,0,1e-9,1&pictures=${day}&picture=../x`);
    await page.getByRole("dialog").waitFor(); // the pictures of the day, and no player
    assert.equal(await page.locator("owl-player").count(), 0, event);
    await page.keyboard.press("Escape");
    await shows(page, [id("10-00-00")]);
  }
  await page.goto(`${owlery.url}?day=1999-01-01`);
  await shows(page, [id("10-00-00")]);
});

test("a user with some cameras sees no others", async (t) => {
  const owlery = await serve(t, { config: USERS, events: [{ day, time: "10-00-00" }, { day, time: "10-01-00", camera: "Camera2" }] });
  const page = await openPage(t, { expects: [/401/] });
  await page.goto(owlery.url);
  await signIn(page, "bert");
  await shows(page, [id("10-00-00")]);
  assert.equal(await page.getByText("Camera2").count(), 0);
});

test("twenty cameras take one line of a phone", async (t) => {
  const events = Array.from({ length: 20 }, (_, nth) => ({ day, time: "10-00-00", camera: `Camera number ${nth}`, movie: false }));
  const owlery = await serve(t, { events });
  const page = await openPage(t, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  await page.goto(owlery.url);
  await pictures(page);
  const heights = await page.locator("owl-filters").evaluate((bar) => bar.getBoundingClientRect().height);
  assert.ok(heights < 70, String(heights));
  const sizes = await page.locator("owl-filters button").evaluateAll((all) => all.map((button) => button.getBoundingClientRect().height));
  assert.ok(sizes.every((height) => height >= 44), String(sizes));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
});
