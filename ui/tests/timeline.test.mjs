import assert from "node:assert/strict";
import { rmdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

after(closeBrowser);

const HOSTILE = `Camera<b>&"'%2F ü`;
const DAY = 86_400_000;
const parse = (/** @type {string} */ day) => Date.parse(`${day}T00:00:00Z`);

/** @typedef {import("../day/timeline.js").Timeline} Timeline */

/** An archive whose events are all over. @param {import("node:test").TestContext} t @param {Parameters<typeof serve>[1]} options */
async function settled(t, options) {
  const owlery = await serve(t, options);
  if (!options?.config) await waitUntil("events that are over", async () => (await owlery.json("api/v1/events?state=open")).events.length === 0);
  return owlery;
}

/** The timeline of a page when it has drawn everything that is in view.
 * @param {import("node:test").TestContext} t @param {string} url
 * @param {import("playwright-core").BrowserContextOptions & {expects?: RegExp[], prepare?: (page: import("playwright-core").Page) => Promise<unknown>}} [options] */
async function open(t, url, { prepare, ...options } = {}) {
  const page = await openPage(t, { reducedMotion: "reduce", ...options });
  await prepare?.(page);
  await page.goto(url);
  const element = page.locator("owl-timeline");
  /** Asks the element. @template T @param {(timeline: Timeline, given: any) => T} what @param {unknown} [given] */
  const ask = (what, given) => element.evaluate(/** @type {any} */ (what), given);
  const rest = () => waitUntil("the timeline", () => ask((timeline) => !!timeline.hands && !!timeline.arranged?.isWhole && !timeline.frame && !timeline.glide));
  await element.locator(".marks").waitFor();
  await rest();
  /** Where the mark of an event is on the page; null if it is not drawn. @param {string} id */
  const place = (id) => ask((timeline, id) => {
    const mark = timeline.arranged?.hours.flatMap(({ marks }) => marks).find(({ event }) => event.id === id);
    if (!mark) return null;
    const [x, y, w, h] = timeline.boxOf(mark);
    const { left, top } = /** @type {HTMLElement} */ (timeline.renderRoot.querySelector(".marks")).getBoundingClientRect();
    return { x: left + x + w / 2, y: top + y + h / 2, left: left + x, width: w };
  }, id);
  const view = () => ask((timeline) => ({ ...timeline.view }));
  const isIn = async (/** @type {string} */ id) => !!(await waitUntil(`${id} is drawn`, () => place(id)));
  return { page, ask, rest, place, view, isIn };
}

/** Notes the moments that the list is asked to show. @param {{page: import("playwright-core").Page, ask: any}} timeline */
async function listen({ page, ask }) {
  await ask((/** @type {Timeline} */ { cursor }) => {
    /** @type {any} */ (window).gone = [];
    cursor.addEventListener("go", (/** @type {any} */ { detail }) => /** @type {any} */ (window).gone.push(detail));
  });
  return () => page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (window).gone));
}

/** @param {import("playwright-core").Page} page @param {string} search */
const address = (page, search) => page.evaluate((search) => {
  history.pushState(null, "", search);
  dispatchEvent(new PopStateEvent("popstate"));
}, search);

test("marks are where the events are; wheel, drag and buttons move them", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { events: [
    { day, time: "06-00-00", seconds: 1200, movie: false }, { day, time: "12-00-00", camera: HOSTILE, saved: true }, { day: daysAgo(2), time: "12-00-00" },
  ] });
  const { page, ask, rest, place, view } = await open(t, owlery.url);
  const [first, hostile] = [`Camera1/${day}/06-00-00`, `${HOSTILE}/${day}/12-00-00`];
  assert.deepEqual(await view(), { from: parse(day), to: parse(day) + DAY });
  assert.deepEqual(await ask(({ lanes }) => lanes.names), ["Camera1", HOSTILE]);
  const at = /** @type {{x: number, y: number, left: number, width: number}} */ (await place(first));
  assert.ok(Math.abs(at.left - 1280 / 4) < 1 && Math.abs(at.width - 1280 / 72) < 1, JSON.stringify(at));
  const { top } = await ask((timeline) => /** @type {HTMLElement} */ (timeline.renderRoot.querySelector(".marks")).getBoundingClientRect().toJSON());
  assert.equal(await ask((timeline, { x, y }) => timeline.hands?.markAt(x, y)?.event.id, { x: at.x, y: at.y - top }), first);
  assert.equal(await ask((timeline, { x, y }) => timeline.hands?.markAt(x, y), { x: at.x + 40, y: at.y - top }), null);
  const pixel = ({ x, y }) => ask((timeline, { x, y }) => [.../** @type {any} */ (timeline.painter).context.getImageData(x, y, 1, 1).data].join(), { x, y: y - top });
  assert.notEqual(await pixel(at), await pixel({ x: at.x + 40, y: at.y }));

  await page.mouse.move(at.x, at.y);
  await page.mouse.wheel(0, -1000);
  await waitUntil("a longer mark", async () => ((await place(first))?.width ?? 0) > at.width * 1.4);
  assert.ok(Math.abs(/** @type {any} */ (await place(first)).x - at.x) < 1, "it stays under the pointer");
  const { from } = await view();
  await page.keyboard.down("Shift");
  await page.mouse.wheel(0, 100);
  await page.keyboard.up("Shift");
  await waitUntil("a later view", async () => (await view()).from > from);
  await page.mouse.wheel(-300, 0);
  await waitUntil("an earlier view", async () => (await view()).from < from);

  await page.getByRole("button", { name: "Day", exact: true }).click();
  await waitUntil("the day", async () => (await view()).from === parse(day));
  await page.mouse.move(800, top + 5);
  await page.mouse.down();
  await page.mouse.move(900, top + 5, { steps: 4 });
  await page.mouse.up();
  assert.equal(Math.round((await view()).from), Math.round(parse(day) - (DAY * 100) / 1280));
  await page.getByRole("button", { name: "Week" }).click();
  await rest();
  const week = await view();
  assert.deepEqual([week.to - week.from, week.from % DAY], [7 * DAY, 0]);
  assert.ok((await place(hostile)) && (await place(`Camera1/${daysAgo(2)}/12-00-00`)));
  await page.getByText(/: 3 events/).first().waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await waitUntil("a shorter span", async () => (await view()).to - (await view()).from < 7 * DAY);
  await page.getByRole("button", { name: "Now" }).click();
  await waitUntil("now", async () => { const { from, to } = await view(); return Date.now() > from && Date.now() < to; });
});

test("a click opens the event, or goes to the moment", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { events: [{ day, time: "06-00-00" }, { day, time: "12-00-00", camera: HOSTILE, seconds: 60, movie: false }] });
  const { page, place, view, ask } = await open(t, owlery.url);
  const id = `${HOSTILE}/${day}/12-00-00`;
  const at = /** @type {{x: number, y: number}} */ (await place(id));
  const gone = await listen({ page, ask });
  await page.mouse.click(at.x + 64, at.y);
  const [time] = await waitUntil("a moment", async () => (await gone()).length && gone());
  assert.ok(Math.abs(time - (parse(day) + DAY / 2 + (64 / 1280) * DAY)) < 120_000, String(time));
  assert.deepEqual(await view(), { from: parse(day), to: parse(day) + DAY }, "it is in view");
  await page.goto(`${owlery.url}?day=${day}&at=${day}T12:00:00`);
  await waitUntil("the moment in the address", () => ask((timeline) => !!timeline.hands && timeline.arranged?.isWhole));
  const { from, to } = await view();
  assert.equal((from + to) / 2, parse(day) + DAY / 2);
  // A double click shows the hour, and another one what was before.
  await page.mouse.dblclick(900, at.y);
  await waitUntil("an hour", async () => { const now = await view(); return now.to - now.from === 3_600_000; });
  await page.mouse.dblclick(900, at.y);
  await waitUntil("as before", async () => (await view()).from === from);
  await waitUntil("drawn", () => place(id));
  const again = /** @type {{x: number, y: number}} */ (await place(id));
  await page.mouse.click(again.x, again.y);
  await page.waitForURL((url) => url.searchParams.get("event") === id);
});

test("the view follows the list, and the address", async (t) => {
  const events = Array.from({ length: 60 }, (_, nth) => ({ day: daysAgo(1 + Math.floor(nth / 20)), time: `${10 + (nth % 10)}-${nth % 20 < 10 ? 15 : 45}-00`, movie: false }));
  const owlery = await settled(t, { events });
  const { page, view, isIn, ask } = await open(t, owlery.url);
  const line = () => ask(({ cursor }) => cursor.time ?? 0);
  const isBetween = async () => { const [time, { from, to }] = [await line(), await view()]; return time >= from && time <= to; };
  assert.deepEqual(await view(), { from: parse(daysAgo(1)), to: parse(daysAgo(1)) + DAY });
  await page.mouse.move(640, 700);
  await waitUntil("an earlier moment", async () => {
    await page.mouse.wheel(0, 300);
    const time = await line();
    return time && time < parse(daysAgo(1)) && isBetween();
  });
  await address(page, `?day=${daysAgo(3)}`);
  await isIn(`Camera1/${daysAgo(3)}/10-15-00`);
  assert.deepEqual(await view(), { from: parse(daysAgo(3)), to: parse(daysAgo(3)) + DAY });
});

test("every mark is reached and named by keys", async (t) => {
  const [day, before] = [daysAgo(1), daysAgo(12)];
  const owlery = await settled(t, { events: [
    { day, time: "10-00-00", seconds: 17, movie: false }, { day, time: "10-05-00", camera: HOSTILE, saved: true }, { day, time: "22-00-00" },
    { day: before, time: "09-00-00" }, { day: before, time: "09-00-30" },
  ] });
  const { page, view, rest, ask } = await open(t, owlery.url);
  const marks = page.getByRole("listbox", { name: "Timeline of the events" });
  const named = (/** @type {RegExp} */ name) => page.getByRole("option", { name }).waitFor();
  /** @param {string} key @param {RegExp} name */
  const press = async (key, name) => { await page.keyboard.press(key); await named(name); };
  await page.keyboard.press("Tab");
  await marks.focus();
  await named(/^Camera1, 22:00:00, .*; 3 of 3$/);
  assert.equal(await marks.evaluate((list) => /** @type {any} */ (list.getRootNode()).getElementById(list.getAttribute("aria-activedescendant"))?.role), "option");
  await press("Home", /^Camera1, 10:00:00, 17 s, not reviewed; 1 of 3$/);
  await page.getByText("Camera1").last().waitFor();
  await press("ArrowRight", /%2F ü, 10:05:00, .*, saved, not reviewed; 2 of 3$/);
  await press("ArrowUp", /^Camera1, 10:00:00/);
  await press("ArrowDown", /%2F ü, 10:05:00/);
  await press("End", /3 of 3$/);
  const { from, to } = await view();
  await page.keyboard.press("+");
  await waitUntil("zoomed", async () => (await view()).to - (await view()).from < to - from);
  await page.keyboard.press("-");
  await waitUntil("as before", async () => Math.round((await view()).to - (await view()).from) === to - from);
  await press("Home", /10:00:00/);
  await press("ArrowLeft", /^Camera1, 09:00:30/); // loaded on the way
  assert.equal(await ask((timeline) => timeline.mark?.event.start.slice(0, 10)), before);
  await press("ArrowLeft", /^Camera1, 09:00:00, .*; 1 of 2$/);
  await page.keyboard.press("PageDown");
  await named(/^No event/);
  await page.keyboard.press("PageUp");
  await rest();
  await press("ArrowRight", /^Camera1, 09:00:00/);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("event") === `Camera1/${before}/09-00-00`);
  await page.goBack();
  await marks.focus();
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "body");
});

test("scrubbing shows the pictures of the moment", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { events: [
    { day, time: "06-00-00", seconds: 7200, movie: false }, { day, time: "12-00-00", camera: HOSTILE, seconds: 1, movie: false },
    { day, time: "03-00-00", camera: HOSTILE },
  ] });
  const { page, place, ask } = await open(t, owlery.url, { expects: [/422/] });
  await page.route(/03-00-00\/(thumbnail|sprite)/, (route) => route.fulfill({ status: 422, json: {} }));
  const shown = () => ask((timeline) => JSON.stringify(timeline.hands?.bubble.shown));
  const middle = () => page.locator(".bubble canvas").evaluate((/** @type {HTMLCanvasElement} */ canvas) =>
    [...(canvas.getContext("2d")?.getImageData(320, 180, 1, 1).data ?? [])]);
  const id = `Camera1/${day}/06-00-00`;
  const { left, width, y } = /** @type {{left: number, width: number, y: number}} */ (await place(id));
  assert.ok(width > 40, String(width));
  for (const [part, tile, strongest] of [[0.1, 0, 2], [0.7, 1, 1], [1.01, 2, 0]]) { // navy, darkgreen, maroon
    await page.mouse.move(left + width * part, y);
    await waitUntil(`tile ${tile}`, async () => (await shown()) === JSON.stringify({ id, tile }));
    const [r, g, b] = await middle();
    assert.equal([r, g, b].indexOf(Math.max(r, g, b)), strongest, `${r} ${g} ${b}`);
  }
  await page.getByText("Camera1").last().waitFor();
  // Beside the events: the time, and softly what was before.
  await page.mouse.move(left + width + 60, y);
  await page.getByText("before: 06:00:00").waitFor();
  await waitUntil("soft", async () => (await middle())[3] < 200);
  await page.mouse.move(left - 60, y);
  await waitUntil("no picture", async () => (await page.locator(".bubble canvas").isHidden()) && (await page.locator(".bubble").isVisible()));
  // An event without pictures has none, and breaks nothing.
  const broken = /** @type {{x: number, y: number}} */ (await place(`${HOSTILE}/${day}/03-00-00`));
  await page.mouse.move(broken.x, broken.y);
  await page.getByText(HOSTILE).last().waitFor();
  // The hostile name, drawn by pressing.
  const other = /** @type {{x: number, y: number}} */ (await place(`${HOSTILE}/${day}/12-00-00`));
  const gone = await listen({ page, ask });
  await page.mouse.move(other.x - 30, other.y);
  await page.mouse.down();
  await page.mouse.move(other.x, other.y, { steps: 5 });
  await waitUntil("its picture", async () => (await shown())?.includes(`12-00-00`));
  const box = /** @type {{x: number, width: number}} */ (await page.locator(".bubble").boundingBox());
  assert.ok(box.x >= 0 && box.x + box.width <= 1280 && Math.abs(box.width - 322) < 2);
  await page.mouse.up();
  await waitUntil("a moment", async () => (await gone()).length === 1);
  assert.equal(new URL(page.url()).search, "");
  await page.mouse.move(other.x, other.y + 400);
  await page.locator(".bubble").waitFor({ state: "hidden" });
});

test("fingers scrub, pinch, and leave scrolling to the page", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { events: [{ day, time: "06-00-00", seconds: 3600, movie: false }, { day, time: "12-00-00", camera: HOSTILE }] });
  const { page, place, view, ask } = await open(t, owlery.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  assert.equal(await page.locator(".marks").evaluate((marks) => getComputedStyle(marks).touchAction), "pan-y");
  assert.ok((await page.getByRole("button", { name: "Week" }).boundingBox())?.height === 44);
  const session = await page.context().newCDPSession(page);
  const touch = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {number[][]} */ ...points) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y, id]) => ({ x, y, id })) });
  const at = /** @type {{x: number, y: number}} */ (await place(`Camera1/${day}/06-00-00`));
  await touch("touchStart", [at.x - 60, at.y, 1]);
  for (let by = -50; by <= 0; by += 10) await touch("touchMove", [at.x + by, at.y, 1]);
  await page.locator(".bubble").waitFor();
  await waitUntil("its picture", () => ask((timeline) => timeline.hands?.bubble.shown?.id.startsWith("Camera1")));
  const box = /** @type {{x: number, width: number}} */ (await page.locator(".bubble").boundingBox());
  assert.ok(box.x >= 0 && box.x + box.width <= 390);
  await touch("touchEnd");
  await page.locator(".bubble").waitFor({ state: "hidden" });
  const before = await view();
  await touch("touchStart", [150, at.y, 1], [200, at.y, 2]);
  for (let by = 0; by <= 100; by += 20) await touch("touchMove", [150 - by, at.y, 1], [200 + by, at.y, 2]);
  await touch("touchEnd");
  const pinched = await view();
  assert.ok(Math.abs((pinched.to - pinched.from) / (before.to - before.from) - 0.2) < 0.02, JSON.stringify(pinched));
  await page.getByRole("button", { name: "Day", exact: true }).click();
  await waitUntil("the day", async () => (await view()).to - (await view()).from === DAY);
  const again = /** @type {{x: number, y: number}} */ (await waitUntil("drawn", () => place(`Camera1/${day}/06-00-00`)));
  await page.touchscreen.tap(again.x, again.y);
  await page.waitForURL((url) => url.searchParams.get("event") === `Camera1/${day}/06-00-00`);
});

test("a week of many events is a density, and filters show the marks that are left", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { events: [
    { day, time: "12-00-00" }, { day, time: "13-00-00", saved: true, camera: HOSTILE },
    ...["04-00-00", "04-01-00"].map((time) => ({ day: daysAgo(3), time, camera: "Camera2" })),
  ] });
  /** Thousands of events in the counts: to make them takes half a minute. @param {import("playwright-core").Page} page */
  const multiply = (page) => page.route(/api.v1.days/, async (route) => {
    const response = await route.fetch().catch(() => null); // the test may be over
    const json = await response?.json();
    for (const counts of json?.days ?? []) if (counts.camera === "Camera2") counts.hours.fill(300);
    if (response) await route.fulfill({ response, json });
  });
  const { page, ask, rest, isIn, place } = await open(t, owlery.url, { prepare: multiply });
  await isIn(`Camera1/${day}/12-00-00`);
  await page.getByRole("button", { name: "Week" }).click();
  await waitUntil("a density", () => ask(({ arranged }) => arranged?.isDense && arranged.count === 7202 && arranged.blocks.length === 26 * 3));
  await page.getByText(/: 7,202 events/).first().waitFor();
  // Its marks are reached by keys nevertheless.
  await page.locator(".marks").focus();
  await page.keyboard.press("Home");
  await page.getByRole("option", { name: /^Camera2, .*04:00:00/ }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("option", { name: /^Camera2, .*04:01:00/ }).waitFor();
  await address(page, "?saved=1");
  await waitUntil("the filter", () => ask(({ arranged }) => arranged?.isWhole && !arranged.isDense && arranged.count === 1));
  assert.ok(await isIn(`${HOSTILE}/${day}/13-00-00`));
  assert.equal(await place(`Camera1/${day}/12-00-00`), null);
  await page.goBack();
  await waitUntil("all", () => ask(({ arranged }) => arranged?.count === 7202));
  await page.goto(`${owlery.url}?cameras=Camera1&hours=22-06`);
  await rest();
  assert.deepEqual(await ask(({ lanes, arranged }) => [lanes.names, arranged?.count]), [["Camera1"], 1]);
});

test("times are wall times, also where the clocks change", async (t) => {
  const day = "2026-03-29"; // 02:30 does not exist in Berlin
  const owlery = await settled(t, { events: [{ day, time: "02-30-00", camera: "Camera2" }, { day, time: "12-00-00" }] });
  const { place, view } = await open(t, `${owlery.url}?day=${day}`, { timezoneId: "Europe/Berlin" });
  assert.deepEqual(await view(), { from: parse(day), to: parse(day) + DAY });
  for (const [id, hours] of /** @type {[string, number][]} */ ([[`Camera2/${day}/02-30-00`, 2.5], [`Camera1/${day}/12-00-00`, 12]])) {
    assert.ok(Math.abs(/** @type {any} */ (await place(id)).left - (hours / 24) * 1280) < 1, id);
  }
});

test("new events appear, and what is drawn stays while the service is away", async (t) => {
  const owlery = await settled(t, { events: [{ day: daysAgo(0), time: "00-00-01" }] });
  const { page, isIn, place } = await open(t, owlery.url, { expects: [/./] });
  await isIn(`Camera1/${daysAgo(0)}/00-00-01`);
  const id = owlery.add({ day: daysAgo(0), time: "00-05-00", camera: HOSTILE });
  await isIn(id);
  await owlery.stop();
  await page.getByText("The page goes on when it can").waitFor();
  assert.ok(await place(id));
  await owlery.start();
  await page.getByText("The page goes on when it can").waitFor({ state: "detached" });
  await isIn(id);
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe finds nothing: ${colorScheme}`, async (t) => {
    const day = daysAgo(1);
    const owlery = await settled(t, { events: [{ day, time: "06-00-00" }, { day, time: "12-00-00", camera: HOSTILE, saved: true }] });
    const { page, ask } = await open(t, owlery.url, { colorScheme });
    assert.deepEqual(await axeViolations(page), []);
    await page.locator(".marks").focus();
    await page.keyboard.press("End");
    await page.getByRole("option", { name: /12:00:00/ }).waitFor();
    await page.locator(".bubble").waitFor();
    assert.deepEqual(await axeViolations(page), []);
    const colour = () => ask((timeline) => timeline.painter?.colours?.card);
    const before = await colour();
    await page.emulateMedia({ colorScheme: colorScheme === "light" ? "dark" : "light" });
    await waitUntil("other colours", async () => (await colour()) !== before);
  });
}

test("a user sees lanes of his cameras alone", async (t) => {
  const day = daysAgo(1);
  const owlery = await settled(t, { config: USERS, events: [{ day, time: "06-00-00" }, { day, time: "12-00-00", camera: HOSTILE }] });
  const { ask, place } = await open(t, owlery.url, { expects: [/401/], prepare: async (page) => {
    await page.goto(owlery.url);
    await signIn(page, "bert");
    await page.locator("owl-timeline").waitFor();
  } });
  assert.deepEqual(await ask(({ lanes, arranged }) => [lanes.names, arranged?.count]), [["Camera1"], 1]);
  assert.ok(await place(`Camera1/${day}/06-00-00`));
  assert.equal(await place(`${HOSTILE}/${day}/12-00-00`), null);
});

test("nothing is shown without a camera", async (t) => {
  const owlery = await serve(t, { prepare: (root) => rmdirSync(join(root, "Camera1")) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.locator("owl-timeline").waitFor({ state: "attached" });
  await page.getByText("UTC+").waitFor();
  assert.equal(await page.locator(".marks").count(), 0);
});
