import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { layOut, pictureWidth, placeAt, rowsWithin, sizesFor, topOf, within } from "../day/grid/layout.js";
import { step } from "../day/grid/steps.js";
import { askGrid, cards, focused, ids, pictures, writeMany } from "./day.mjs";
import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";

after(closeBrowser);

/** Events of a day, of a minute each, the oldest first. @param {string} day @param {number} count @param {object} [more] */
const some = (day, count, more) => Array.from({ length: count }, (_, nth) => ({ day, time: `10-${String(nth).padStart(2, "0")}-01`, movie: false, ...more }));

/** @param {number} hour @param {number} count */
const hours = (hour, count) => counts({ [hour]: count });

/** The counts of a day. @param {Record<number, number>} known by hour */
const counts = (known) => Array.from({ length: 24 }, (_, nth) => known[nth] ?? 0);

/** The bands of a day: hours, with their columns. @param {import("../day/grid/layout.js").DayBlock} day */
function bandsOf({ hours }) {
  /** @type {Map<number, string[]>} */
  const bands = new Map();
  for (const { hour, column, top } of hours) bands.set(top, [...(bands.get(top) ?? []), `${hour}@${column}`]);
  return [...bands.values()].map((band) => band.join(" "));
}

test("rows are known from counts", () => {
  const sizes = { columns: 3, card: 200, row: 150, gap: 10, dayHead: 50, hourHead: 30, side: 10 };
  const layout = layOut([{ day: "2026-11-20", hours: hours(10, 7) }, { day: "2026-11-18", hours: hours(3, 1) }], sizes);
  assert.equal(layout.days[0].hours[0].rows, 3);
  assert.equal(topOf(layout, "2026-11-20", 10, 6, sizes), 50 + 30 + 2 * 150);
  assert.deepEqual(placeAt(layout, 50 + 30 + 160, sizes), { day: "2026-11-20", hour: 10, index: 3, offset: -10 });
  assert.deepEqual(step(layout, { day: "2026-11-20", hour: 10, index: 5 }, "ArrowDown", 3, 4), { day: "2026-11-20", hour: 10, index: 6 });
  assert.deepEqual(step(layout, { day: "2026-11-20", hour: 10, index: 6 }, "ArrowDown", 3, 4), { day: "2026-11-18", hour: 3, index: 0 });
  assert.deepEqual(step(layout, { day: "2026-11-18", hour: 3, index: 0 }, "ArrowUp", 3, 4), { day: "2026-11-20", hour: 10, index: 6 });
  assert.deepEqual([sizesFor(305).columns, sizesFor(360).columns, sizesFor(440).columns, sizesFor(1280).columns, sizesFor(3840).columns], [2, 2, 2, 5, 12]);
  assert.deepEqual([pictureWidth(240, 1), pictureWidth(170, 3), pictureWidth(240, 2), pictureWidth(150, 1)], [240, 320, 640, 160]);
});

test("small hours share a row", () => {
  const sizes = { columns: 5, card: 200, row: 150, gap: 10, dayHead: 50, hourHead: 30, side: 10 };
  const day = { day: "2026-11-20", hours: counts({ 8: 2, 7: 1, 5: 2, 3: 1, 2: 7, 1: 1, 0: 1 }) };
  assert.deepEqual(bandsOf(layOut([day], sizes).days[0]), ["8@0 7@2 5@3", "3@0", "2@0", "1@0 0@1"]);
  // Today hours are added at the upper end.
  const today = { ...day, from: -1 };
  const layout = layOut([today, { day: "2026-11-18", hours: hours(3, 1) }], sizes);
  const [{ hours: blocks, height }] = layout.days;
  assert.deepEqual(bandsOf(layout.days[0]), ["8@0", "7@0 5@1 3@3", "2@0", "1@0 0@1"]);
  assert.deepEqual(blocks.map(({ hour }) => hour), [8, 7, 5, 3, 2, 1, 0]);
  assert.equal(height, 50 + 4 * 30 + 5 * 150 + 12);
  assert.equal(topOf(layout, "2026-11-20", 3, 0, sizes), 50 + 2 * 30 + 150);
  assert.deepEqual(within(blocks, 50 + 180 + 1, 50 + 180 + 2).map(({ hour }) => hour), [7, 5, 3]);
  assert.deepEqual(placeAt(layout, 50 + 180 + 40, sizes), { day: "2026-11-20", hour: 7, index: 0, offset: -10 });
  assert.deepEqual(rowsWithin(blocks[3], 50 + 180 + 31, 50 + 180 + 32, sizes), [0, 1]);
  // Another event of the newest hour leaves the older ones where they are.
  assert.deepEqual(bandsOf(layOut([{ ...today, hours: counts({ 8: 1, 7: 1, 5: 2, 3: 1 }) }], sizes).days[0]), ["8@0 7@1 5@2 3@4"]);
  assert.deepEqual(bandsOf(layOut([{ ...today, hours: counts({ 9: 1, 8: 2, 7: 1, 5: 2, 3: 1 }) }], sizes).days[0]), ["9@0 8@1", "7@0 5@1 3@3"]);
  // What is found at both ends of an hour leaves those between where they are.
  const found = counts({ 9: 2, 8: 3, 7: 2, 6: 1, 5: 2, 4: 3, 3: 1, 2: 1 });
  assert.deepEqual(bandsOf(layOut([{ ...day, hours: found }], sizes).days[0]), ["9@0 8@2", "7@0 6@2 5@3", "4@0 3@3 2@4"]);
  assert.deepEqual(bandsOf(layOut([{ ...day, hours: found, from: 5 }], sizes).days[0]), ["9@0 8@2", "7@0 6@2", "5@0", "4@0 3@3 2@4"]);
});

test("arrows lead through hours that share a row", () => {
  const sizes = { columns: 5, card: 200, row: 150, gap: 10, dayHead: 50, hourHead: 30, side: 10 };
  const layout = layOut([{ day: "2026-11-20", from: -1, hours: counts({ 8: 2, 7: 1, 5: 2, 3: 1, 2: 7, 1: 1, 0: 1 }) }, { day: "2026-11-18", hours: hours(3, 1) }], sizes);
  /** @param {string} key @param {number} hour @param {number} index */
  const go = (key, hour, index) => {
    const spot = step(layout, { day: "2026-11-20", hour, index }, key, 5, 2);
    return `${spot?.day.slice(8)} ${spot?.hour}:${spot?.index}`;
  };
  assert.deepEqual([go("ArrowRight", 8, 1), go("ArrowRight", 7, 0), go("ArrowLeft", 5, 0), go("ArrowLeft", 2, 0)], ["20 7:0", "20 5:0", "20 7:0", "20 3:0"]);
  assert.deepEqual([go("ArrowDown", 8, 0), go("ArrowDown", 8, 1), go("ArrowDown", 5, 1), go("ArrowDown", 3, 0)], ["20 7:0", "20 5:0", "20 2:2", "20 2:3"]);
  assert.deepEqual([go("ArrowDown", 2, 4), go("ArrowDown", 2, 6), go("ArrowDown", 2, 5), go("ArrowDown", 0, 0)], ["20 2:6", "20 0:0", "20 1:0", "18 3:0"]);
  assert.deepEqual([go("ArrowUp", 0, 0), go("ArrowUp", 1, 0), go("ArrowUp", 2, 2), go("ArrowUp", 2, 4)], ["20 2:6", "20 2:5", "20 5:1", "20 3:0"]);
  assert.deepEqual([go("ArrowUp", 3, 0), go("ArrowUp", 7, 0), go("ArrowUp", 8, 1)], ["20 8:1", "20 8:0", "20 8:1"]);
  assert.deepEqual([go("PageDown", 8, 1), go("PageUp", 0, 0), go("End", 8, 0), go("Home", 0, 0)], ["20 2:1", "20 2:1", "18 3:0", "20 8:0"]);
});

test("the newest events come first, with pictures, by day and hour", async (t) => {
  const owlery = await serve(t, { events: [...some(daysAgo(1), 3), ...some(daysAgo(2), 2, { seconds: 65 })] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  assert.deepEqual(await ids(page), [2, 1, 0].map((nth) => `Camera1/${daysAgo(1)}/10-0${nth}-01`).concat([1, 0].map((nth) => `Camera1/${daysAgo(2)}/10-0${nth}-01`)));
  assert.equal(await page.locator("h2").count(), 2);
  assert.deepEqual(await page.locator("h3").allInnerTexts(), ["10:00 3", "10:00 2"]);
  const link = page.getByRole("link", { name: /^10:00:01 Camera1 1 min 5 s ?, .*not reviewed/ });
  assert.equal(await link.getAttribute("href"), `/?event=${encodeURIComponent(`Camera1/${daysAgo(2)}/10-00-01`)}`);
  await link.click();
  assert.equal(new URL(page.url()).searchParams.get("event"), `Camera1/${daysAgo(2)}/10-00-01`);
  await page.goBack();
  await waitUntil("the focus on the card again", async () => (await focused(page)) === `Camera1/${daysAgo(2)}/10-00-01`);
  const whole = await cards(page).first().evaluate((card) => getComputedStyle(/** @type {Element} */ (card.shadowRoot?.querySelector("img"))).objectFit);
  assert.equal(whole, "contain");
});

test("small hours stand side by side, each below its heading, and the keys lead through them", async (t) => {
  const [busy, quiet] = [daysAgo(1), daysAgo(2)];
  const at = (/** @type {string} */ day, /** @type {string} */ time) => `Camera1/${day}/${time}`;
  const times = ["03-00-00", "05-10-00", "05-20-00", "08-00-00", "08-30-00"];
  const owlery = await serve(t, { events: [...some(busy, 7), ...times.map((time) => ({ day: quiet, time, movie: false }))] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const boxes = () => page.evaluate(() => {
    const box = (/** @type {Element} */ element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { left: Math.round(left), right: Math.round(right), top: Math.round(top), bottom: Math.round(bottom) };
    };
    return [.../** @type {ShadowRoot} */ (document.querySelector("owl-app")?.shadowRoot?.querySelector("owl-day")?.shadowRoot?.querySelector("owl-grid")?.shadowRoot)
      .querySelectorAll(".hour")].map((hour) => ({ title: /** @type {HTMLElement} */ (hour.querySelector("h3")).innerText.replace(/\s+/, " "),
      head: box(/** @type {Element} */ (hour.querySelector("h3"))), cards: [...hour.querySelectorAll("owl-card")].map(box) }));
  });
  const [seven, ...small] = await boxes();
  assert.equal(seven.title, "10:00 7");
  assert.deepEqual(small.map(({ title, cards }) => `${title}/${cards.length}`), ["08:00 2/2", "05:00 2/2", "03:00 1/1"]);
  const row = small.flatMap(({ cards }) => cards);
  assert.ok(row.every(({ top, bottom }) => top === row[0].top && bottom === row[0].bottom && top > seven.cards[6].bottom), "one row");
  assert.ok(row.every(({ left, right }, nth) => Math.abs(left - seven.cards[nth].left) <= 1 && Math.abs(right - seven.cards[nth].right) <= 1), "the columns of all rows");
  for (const { head, cards } of small) assert.ok(head.left === cards[0].left && head.right === cards.at(-1)?.right && head.bottom <= cards[0].top, "a heading above its cards");
  assert.deepEqual((await ids(page)).slice(7), [...times].reverse().map((time) => at(quiet, time)), "read by time");

  await cards(page).nth(1).getByRole("link").focus();
  for (const [key, day, time] of [["ArrowDown", busy, "10-00-01"], ["ArrowDown", quiet, "08-00-00"], ["ArrowLeft", quiet, "08-30-00"], ["ArrowRight", quiet, "08-00-00"], ["ArrowRight", quiet, "05-20-00"],
    ["ArrowRight", quiet, "05-10-00"], ["ArrowUp", busy, "10-00-01"], ["ArrowUp", busy, "10-05-01"], ["End", quiet, "03-00-00"], ["ArrowLeft", quiet, "05-10-00"]]) {
    await page.keyboard.press(key);
    await waitUntil(`${key} to ${time}`, async () => (await focused(page)) === at(day, time));
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await waitUntil("two columns", () => askGrid(page, (grid) => grid.sizes.columns === 2));
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await waitUntil("the last row", async () => (await boxes()).at(-1)?.title === "03:00 1");
  const tops = new Map((await boxes()).map(({ title, head }) => [title, head]));
  assert.equal(tops.get("05:00 2")?.top, (tops.get("03:00 1")?.top ?? 0) - (await askGrid(page, (grid) => grid.sizes.row + grid.sizes.hourHead)));
});

test("one who goes to a moment stays there, also in a row of several hours", async (t) => {
  const events = [...some(daysAgo(1), 9), ...["03-00-00", "05-10-00", "08-00-00"].map((time) => ({ day: daysAgo(2), time, movie: false })), ...some(daysAgo(3), 40)];
  const owlery = await serve(t, { events });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const wanted = `${daysAgo(2)}T05:10:00`;
  await page.goto(`${owlery.url}?day=${daysAgo(2)}&at=${daysAgo(2)}T06:00:00`);
  await page.locator("owl-card[islit]").waitFor();
  const lit = () => page.locator("owl-card[islit]").evaluate((card) => /** @type {any} */ (card).event.start);
  assert.equal(await lit(), wanted);
  await waitUntil("the moment in the address", () => new URL(page.url()).searchParams.get("at") === wanted);
  assert.equal(await page.locator("owl-timeline").evaluate((timeline) => new Date(/** @type {any} */ (timeline).cursor.time).toISOString().slice(0, 19)), wanted);
  await page.reload();
  await page.locator("owl-card[islit]").waitFor();
  assert.equal(await lit(), wanted);
});

test("of many days only what is near the viewport is in the document", async (t) => {
  const owlery = await serve(t, { prepare: (root) => writeMany(root, 150, 20) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const nodes = () => page.evaluate(() => {
    const count = (/** @type {ParentNode} */ root) => [...root.querySelectorAll("*")].reduce((/** @type {number} */ sum, element) => (
      sum + 1 + (element.shadowRoot ? count(element.shadowRoot) : 0)), 0);
    return count(document);
  });
  assert.ok((await nodes()) < 3000);

  const far = daysAgo(140);
  await page.getByLabel("Go to the day").fill(far);
  await waitUntil("the day's cards", async () => (await ids(page)).includes(`Camera1/${far}/22-47-01`));
  const heading = page.locator("section", { hasText: new Date(`${far}T00:00:00Z`).toLocaleDateString("en-GB", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" }) }).locator(".head");
  await waitUntil("the day at the top", async () => Math.abs(((await heading.boundingBox())?.y ?? 0) - (await askGrid(page, (grid) => grid.stick))) < 3);
  await pictures(page);
  assert.ok((await nodes()) < 3000);

  // To the far end, and back to the newest.
  await waitUntil("the oldest card", async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return (await ids(page)).includes(`Camera1/${daysAgo(150)}/00-00-01`);
  });
  assert.ok((await nodes()) < 3000);
  const place = () => new URL(page.url()).searchParams.get("day") ?? "";
  const before = await waitUntil("the place in the address", () => place() < far && place());
  await page.reload(); // returns to the same place
  await waitUntil("the same place", async () => (await ids(page)).includes(`Camera1/${daysAgo(150)}/00-00-01`));
  assert.equal(place(), before);
  await page.getByRole("link", { name: "Owlery" }).click();
  await waitUntil("the newest card", async () => (await ids(page))[0] === `Camera1/${daysAgo(1)}/22-47-01` || (await ids(page))[0]?.startsWith(`Camera1/${daysAgo(1)}/2`));
});

test("any day of a million events is reached", async (t) => {
  const [days, perHour] = [100, 420];
  const owlery = await serve(t, { events: some(daysAgo(1), 1) });
  const page = await openPage(t);
  const hour = (/** @type {string} */ day, /** @type {number} */ hour) => Array.from({ length: perHour }, (_, nth) => {
    const second = Math.floor(((perHour - 1 - nth) * 3600) / perHour);
    const time = [hour, Math.floor(second / 60), second % 60].map((part) => String(part).padStart(2, "0"));
    const start = `${day}T${time.join(":")}`;
    return { id: `Camera1/${day}/${time.join("-")}`, camera: "Camera1", start, end: start, state: "complete", saved: false, reviewed: true, frames: 1,
      bytes: 1, video: null, videos: [], thumbnail: `/media/Camera1/${day}/${time.join("-")}/frame.jpg`, playable: null, preview: null, peak_change: 900, problems: [], location: "local" };
  });
  await page.route(/api\/v1\/cameras/, (route) => route.fulfill({ json: { zone: "+00:00", cameras: [
    { name: "Camera1", port: 0, events: days * 24 * perHour, saved: 0, bytes: 1, first_day: daysAgo(days), last_day: daysAgo(1) }] } }));
  await page.route(/api\/v1\/days/, (route) => {
    const { searchParams: asked } = new URL(route.request().url());
    const all = Array.from({ length: days }, (_, nth) => daysAgo(nth + 1)).filter((day) => day >= (asked.get("from") ?? "") && day <= (asked.get("to") ?? "9"));
    return route.fulfill({ json: { days: all.map((day) => ({ camera: "Camera1", day, events: 24 * perHour, saved: 0, reviewed: 24 * perHour, loose: 0, bytes: 1, hours: Array(24).fill(perHour) })) } });
  });
  await page.route(/api\/v1\/events\?/, (route) => {
    const { searchParams: asked } = new URL(route.request().url());
    const events = [];
    const from = Date.parse(`${asked.get("from")}Z`);
    for (let at = Date.parse(`${asked.get("to")?.slice(0, 13)}:00:00Z`); at >= from; at -= 3_600_000) {
      const text = new Date(at).toISOString();
      events.push(...hour(text.slice(0, 10), Number(text.slice(11, 13))));
    }
    const start = Number(asked.get("cursor") ?? 0);
    return route.fulfill({ json: { events: events.slice(start, start + 1000), next: start + 1000 < events.length ? String(start + 1000) : null } });
  });
  await page.route("**/thumbnail?*", (route) => route.fulfill({ path: new URL("../images/missing.jpg", import.meta.url).pathname }));
  await page.goto(owlery.url);
  await waitUntil("the newest", async () => (await ids(page))[0] === `Camera1/${daysAgo(1)}/23-59-51`);
  for (const back of [90, 45, 100]) {
    await page.getByLabel("Go to the day").fill(daysAgo(back));
    await waitUntil(`the day ${back}`, async () => (await ids(page)).includes(`Camera1/${daysAgo(back)}/23-59-51`));
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) < 33_554_432);
    if (back === 45) assert.deepEqual(await askGrid(page, (grid) => grid.isCut), { up: true, down: true });
  }
  // Scrolling goes on over the end of the window.
  await page.getByLabel("Go to the day").fill(daysAgo(50));
  await waitUntil("the day", async () => (await ids(page)).includes(`Camera1/${daysAgo(50)}/23-59-51`));
  await waitUntil("the far end", async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return (await ids(page)).includes(`Camera1/${daysAgo(100)}/00-00-00`);
  });
  await page.getByRole("link", { name: "Owlery" }).click();
  await waitUntil("the newest again", async () => (await ids(page))[0] === `Camera1/${daysAgo(1)}/23-59-51`);
  assert.ok(await askGrid(page, (grid) => grid.isAtTop));
});

test("a new event moves nothing for one who has scrolled away", async (t) => {
  const owlery = await serve(t, { events: [...some(daysAgo(1), 30), ...some(daysAgo(2), 30)] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.mouse.move(600, 500);
  await page.mouse.wheel(0, 400);
  await waitUntil("scrolled", () => page.evaluate(() => scrollY >= 400));
  const watched = cards(page).nth(12);
  const before = await watched.boundingBox();
  const id = await watched.evaluate((card) => /** @type {any} */ (card).event.id);
  owlery.add({ day: daysAgo(0), time: "00-00-01" });
  owlery.add({ day: daysAgo(1), time: "10-45-01" });
  const pill = page.getByRole("button", { name: "2 new" });
  await pill.waitFor();
  const card = page.locator("owl-card").nth((await ids(page)).indexOf(id));
  assert.deepEqual(await card.boundingBox(), before);
  await pill.click();
  await waitUntil("the new cards", async () => (await ids(page)).slice(0, 2).join() === `Camera1/${daysAgo(0)}/00-00-01,Camera1/${daysAgo(1)}/10-45-01`);
  await pill.waitFor({ state: "detached" });
});

test("late events of small hours move nothing that one looks at", async (t) => {
  const day = daysAgo(1);
  const events = Array.from({ length: 48 }, (_, nth) => ({ day, time: `${String(nth >> 1).padStart(2, "0")}-${nth % 2 ? 40 : 20}-00`, movie: false, frames: 1 }));
  const owlery = await serve(t, { events });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.evaluate(() => scrollTo(0, 1000));
  await waitUntil("scrolled", () => askGrid(page, (grid) => !grid.isAtTop && grid.source.edge !== null));
  await pictures(page);
  const watched = await askGrid(page, (grid) => grid.eventAt(grid.place).id);
  const box = () => cards(page).evaluateAll((all, id) => {
    const { left, top } = /** @type {Element} */ (all.find((card) => /** @type {any} */ (card).event.id === id)).getBoundingClientRect();
    return { left, top };
  }, watched);
  const before = await box();
  for (const time of ["21-10-00", "20-10-00", "20-30-00"]) owlery.add({ day, time, movie: false, frames: 1 });
  await waitUntil("the late events", () => askGrid(page, (grid) => grid.layout.days[0].count === 51));
  assert.deepEqual(await box(), before);
  assert.deepEqual((await askGrid(page, (grid) => grid.layout.days[0].hours.filter((/** @type {any} */ { hour }) => hour > 18))).map((/** @type {any} */ { hour, column }) => `${hour}@${column}`),
    ["23@0", "22@2", "21@0", "20@0", "19@0"]);
});

test("at the top new events just appear, and those there stay", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 4) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const first = cards(page).first();
  await first.getByRole("link").focus();
  await first.evaluate((card) => { /** @type {any} */ (window).kept = card; });
  owlery.add({ day: daysAgo(1), time: "10-30-01" });
  await waitUntil("the new card", async () => (await ids(page))[0] === `Camera1/${daysAgo(1)}/10-30-01`);
  assert.equal(await focused(page), `Camera1/${daysAgo(1)}/10-03-01`);
  assert.ok(await cards(page).nth(1).evaluate((card) => card === /** @type {any} */ (window).kept));
});

test("a star is set at once, and taken back if the service refuses it", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 2) });
  const page = await openPage(t, { expects: [/saved/] });
  await page.goto(owlery.url);
  const star = cards(page).first().getByRole("button", { name: "Save the event of 10:01:01" });
  await star.click();
  await page.locator("owl-card button[aria-pressed=true]").waitFor();
  await waitUntil("saved", async () => (await owlery.json(`api/v1/events/Camera1/${daysAgo(1)}/10-01-01`)).saved);
  await page.route("**/saved", async (route) => {
    await new Promise((resume) => setTimeout(resume, 300));
    await route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ title: "failed", status: 500, detail: "the disk is full" }) });
  });
  await star.click();
  await page.locator("owl-card button[aria-pressed=true]").waitFor({ state: "detached" });
  await page.getByText("the disk is full").waitFor();
  await page.locator("owl-card button[aria-pressed=true]").waitFor();
});

test("everything is done by keyboard", async (t) => {
  const owlery = await serve(t, { events: [...some(daysAgo(1), 7), ...some(daysAgo(2), 60)] });
  const page = await openPage(t);
  const [first, second] = [daysAgo(1), daysAgo(2)].map((day) => (/** @type {string} */ minute) => `Camera1/${day}/10-${minute}-01`);
  const at = (/** @type {string} */ id) => waitUntil(`the focus on ${id}`, async () => (await focused(page)) === id);
  await page.goto(owlery.url);
  await pictures(page);
  while (!(await focused(page))) await page.keyboard.press("Tab");
  await at(first("06"));
  await page.keyboard.press("ArrowRight");
  await at(first("05"));
  await page.keyboard.press("ArrowDown"); // five columns
  await at(first("00"));
  await page.keyboard.press("ArrowDown");
  await at(second("58"));
  await page.keyboard.press("ArrowUp");
  await at(first("00"));
  await page.keyboard.press("End");
  await at(second("00"));
  await page.keyboard.press("Home");
  await at(first("06"));
  await page.keyboard.press("s");
  await waitUntil("saved", async () => (await owlery.json(`api/v1/events/${first("06")}`)).saved);
  await page.keyboard.press("Enter");
  await page.waitForURL(/event=/);
  await page.goBack();
  await at(first("06"));
  await page.keyboard.press("ArrowRight");
  await at(first("05"));
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowRight");
  await at(first("04"));
  await page.getByText("2 selected").waitFor();
  await page.keyboard.press("Delete");
  await waitUntil("deleted", async () => (await owlery.json("api/v1/events?limit=100")).events.length === 65);
  await at(first("03"));
  await page.getByText("2 events deleted").waitFor();
});

test("the focus returns to the event that the player has shown last", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 4) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).nth(1).getByRole("link").focus();
  await page.keyboard.press("Enter");
  const shown = () => new URL(page.url()).searchParams.get("event");
  await waitUntil("the player", () => shown() === `Camera1/${daysAgo(1)}/10-02-01`);
  await page.locator("owl-player").waitFor();
  await waitUntil("another event", async () => {
    if (shown() === `Camera1/${daysAgo(1)}/10-02-01`) await page.keyboard.press("n");
    return shown() !== `Camera1/${daysAgo(1)}/10-02-01`;
  });
  const last = shown();
  await page.keyboard.press("Escape");
  await waitUntil("the focus on its card", async () => (await focused(page)) === last);
});

test("the focus goes to the nearest card when what had it leaves the page", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 5) });
  const page = await openPage(t, { expects: [/404/] });
  const at = (/** @type {string} */ minute) => waitUntil(`the focus on ${minute}`, async () => (await focused(page)) === `Camera1/${daysAgo(1)}/10-${minute}-01`);
  const events = (/** @type {number} */ count) => waitUntil(`${count} cards`, async () => (await ids(page)).length === count);
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).nth(1).hover();
  await cards(page).nth(1).getByRole("checkbox").click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await at("02");
  await page.getByRole("button", { name: "Undo" }).click();
  await events(5);
  await at("02");
  await page.keyboard.press("Delete");
  await at("01");
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await events(5);
  await at("01");
  // The player closes when another tab has deleted its event.
  await page.keyboard.press("Enter");
  await page.locator("owl-stage").waitFor();
  await fetch(`${owlery.url}api/v1/events/Camera1/${daysAgo(1)}/10-01-01`, { method: "DELETE" });
  await page.getByText("The event is not there any more.").waitFor();
  await page.locator("owl-player").waitFor({ state: "detached" });
  await at("00");
  // In the player the bar that undoes leaves the focus to the player.
  await page.keyboard.press("Enter");
  await page.locator("owl-stage").waitFor();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("the focus in the player", () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName === "owl-player"));
});

test("the focus goes to the nearest card when the filters drop the event of the player", async (t) => {
  const owlery = await serve(t, { events: [...some(daysAgo(1), 1), ...some(daysAgo(2), 2)] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?unreviewed=1`);
  await pictures(page);
  for (const [left, next] of [[2, `Camera1/${daysAgo(2)}/10-01-01`], [1, `Camera1/${daysAgo(2)}/10-00-01`], [0, ""]]) {
    await cards(page).first().getByRole("link").focus();
    await page.keyboard.press("Enter");
    await page.locator("owl-stage").waitFor();
    await page.keyboard.press("r");
    await waitUntil("the card has left", async () => (await ids(page)).length === left);
    await page.keyboard.press("Escape");
    await page.locator("owl-player").waitFor({ state: "detached" });
    await waitUntil(`the focus on ${next || "the list"}`, async () => (next ? (await focused(page)) === next : askGrid(page, (grid) => grid.renderRoot.activeElement?.className === "list")));
  }
});

test("a view without events takes the focus of the bar that undoes", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 2) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("Delete");
  await page.getByRole("link", { name: "Calendar" }).click();
  await page.locator("owl-calendar").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("the focus in the view", () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName === "main"));
});

test("an address leads to a moment", async (t) => {
  const owlery = await serve(t, { events: [...some(daysAgo(1), 40), ...some(daysAgo(2), 40), ...some(daysAgo(3), 40)] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?day=${daysAgo(2)}&at=${daysAgo(2)}T10:20:30`);
  await page.locator("owl-card[islit]").waitFor();
  const lit = await page.locator("owl-card[islit]").evaluate((card) => /** @type {any} */ (card).event.id);
  assert.equal(lit, `Camera1/${daysAgo(2)}/10-20-01`);
  const box = await page.locator("owl-card", { hasText: "10:20:01" }).first().boundingBox();
  const top = await askGrid(page, (grid) => grid.stick + grid.sizes.dayHead);
  assert.ok(box && Math.abs(box.y - top) < 40, `${box?.y} ${top}`);
});

test("pictures that are being made or fail are asked for again, or replaced", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 2) });
  const page = await openPage(t, { expects: [/500/] });
  let asked = 0;
  await page.route("**/10-00-01/thumbnail?*", (route) => (++asked < 4 ? route.fulfill({ status: 202, contentType: "application/json", body: '{"progress":0}' }) : route.continue()));
  await page.route("**/10-01-01/thumbnail?*", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" }));
  await page.goto(owlery.url);
  await pictures(page);
  assert.ok(asked >= 4);
  assert.match(await cards(page).first().locator("img").getAttribute("src") ?? "", /10-01-01-00\.jpg$/);
});

test("the focus survives that its card leaves the document", async (t) => {
  const owlery = await serve(t, { events: [1, 2, 3, 4, 5, 6].flatMap((day) => some(daysAgo(day), 30)) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const id = `Camera1/${daysAgo(1)}/10-29-01`;
  await cards(page).first().getByRole("link").focus();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await waitUntil("the card has left", async () => !(await ids(page)).includes(id));
  await page.keyboard.press("ArrowRight");
  await waitUntil("the next card", async () => (await focused(page)) === `Camera1/${daysAgo(1)}/10-28-01`);
});

test("pictures come back with the service", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 3) });
  const page = await openPage(t, { expects: [/./] });
  await page.goto(owlery.url);
  await pictures(page);
  await owlery.stop();
  await page.getByText("The page goes on when it can").waitFor();
  assert.equal((await ids(page)).length, 3);
  owlery.add({ day: daysAgo(1), time: "11-00-01" });
  await owlery.start();
  await page.getByText("The page goes on when it can").waitFor({ state: "detached" });
  await waitUntil("the event that came meanwhile", async () => (await ids(page)).length === 4);
  await pictures(page);
});

test("a page whose events cannot be loaded says so, and loads them when it can", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 3) });
  const page = await openPage(t, { expects: [/./] });
  await page.route("**/api/v1/days?*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"title":"busy","status":503,"detail":"the disk hangs"}' }));
  await page.goto(owlery.url);
  await page.getByRole("heading", { name: "The events cannot be loaded" }).waitFor();
  await page.getByText("the disk hangs").first().waitFor();
  await page.unroute("**/api/v1/days?*");
  await pictures(page);
  assert.equal((await ids(page)).length, 3);
});

test("hostile names are only texts", async (t) => {
  const camera = "Camera<b>&\"'%2F ü";
  const owlery = await serve(t, { events: [{ camera, day: daysAgo(1), time: "10-00-01" }, ...some(daysAgo(1), 1)] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.getByRole("button", { name: `${camera} 1` }).click();
  await waitUntil("one card", async () => (await ids(page)).join() === `${camera}/${daysAgo(1)}/10-00-01`);
  assert.deepEqual(new URL(page.url()).searchParams.getAll("cameras"), [camera]);
  await page.getByRole("link", { name: new RegExp(`^10:00:01 ${camera}`) }).click();
  assert.equal(new URL(page.url()).searchParams.get("event"), `${camera}/${daysAgo(1)}/10-00-01`);
});

test("an empty archive says what to do, and shows the first event", async (t) => {
  const owlery = await serve(t);
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByRole("heading", { name: /No (events|cameras) yet/ }).waitFor();
  owlery.add({ day: daysAgo(1), time: "10-00-01" });
  await pictures(page);
});

test("files without an event are a link of their day", async (t) => {
  const owlery = await serve(t, { flags: ["--layout", "%Y-%m-%d/%H-%M-%S"], prepare: (root) => {
    const folder = join(root, "Camera1", daysAgo(2));
    mkdirSync(folder, { recursive: true });
    for (const name of ["15-00-00.jpg", "15-00-10.jpg"]) writeFileSync(join(folder, name), "");
  } });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByText("0 events", { exact: true }).waitFor();
  await page.getByRole("link", { name: /^2 files without an event, / }).click();
  assert.equal(new URL(page.url()).search, `?pictures=${daysAgo(2)}`);
  await page.locator("owl-pictures").waitFor();
});

test("the pointer over a card scrubs through its pictures", async (t) => {
  const owlery = await serve(t, { events: some(daysAgo(1), 1, { frames: 8, seconds: 7 }) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await cards(page).first().boundingBox());
  await page.mouse.move(box.x + 10, box.y + 60);
  const tile = page.locator("owl-card .tile");
  await tile.waitFor();
  const before = await tile.evaluate((tile) => getComputedStyle(tile).backgroundPosition);
  await page.mouse.move(box.x + box.width - 10, box.y + 60, { steps: 4 });
  await waitUntil("another tile", async () => (await tile.evaluate((tile) => getComputedStyle(tile).backgroundPosition)) !== before);
  await page.getByText("+7 s").waitFor();
  await page.mouse.move(box.x, box.y + 400);
  await tile.waitFor({ state: "detached" });
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`nothing is inaccessible or too wide: ${colorScheme}`, async (t) => {
    const events = [...some(daysAgo(1), 3, { saved: true }), ...some(daysAgo(1), 3, { camera: "Camera2" })];
    const owlery = await serve(t, { events });
    const page = await openPage(t, { colorScheme });
    await page.goto(owlery.url);
    await pictures(page);
    assert.deepEqual(await axeViolations(page), []);
    const phone = await openPage(t, { colorScheme, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    await phone.goto(owlery.url);
    await pictures(phone);
    assert.deepEqual(await axeViolations(phone), []);
    assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 360);
    const widths = await cards(phone).evaluateAll((all) => all.slice(0, 2).map((card) => Math.round(card.getBoundingClientRect().top)));
    assert.equal(widths[0], widths[1], "two columns");
  });
}
