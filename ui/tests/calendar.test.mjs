import assert from "node:assert/strict";
import { after, test } from "node:test";

import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

after(closeBrowser);

const HOSTILE = `Camera<b>&"'%2F ü`;

/** Events of a day. @param {string} day @param {number} count @param {Partial<import("./harness.mjs").EventSpec>} [more] */
const events = (day, count, more = {}) => Array.from({ length: count }, (_, nth) => ({ day, time: `00-00-${String(nth).padStart(2, "0")}`, frames: 1, movie: false, ...more }));

/** The link of a day. @param {import("playwright-core").Page} page @param {string} day */
const link = (page, day) => page.locator(`owl-calendar a[data-day="${day}"]`);

/** What the link of a day says. @param {import("playwright-core").Page} page @param {string} day */
const said = (page, day) => link(page, day).locator(".visually-hidden").textContent();

/** Waits until the link of a day says something. @param {import("playwright-core").Page} page @param {string} day @param {RegExp} what */
const says = (page, day, what) => waitUntil(`${day} says ${what}`, async () => what.test((await link(page, day).count()) ? (await said(page, day)) ?? "" : ""));

/** The day that has the focus. @param {import("playwright-core").Page} page */
const focused = (page) => page.evaluate(() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return /** @type {HTMLElement | null} */ (element)?.dataset.day ?? "";
});

test("days are links with their events, in both themes and a week that begins as here", async (t) => {
  const owlery = await serve(t, { events: [...events(daysAgo(0), 1), ...events(daysAgo(3), 12), ...events(daysAgo(3), 2, { camera: HOSTILE, saved: true })] });
  for (const [locale, colorScheme, first] of /** @type {const} */ ([["en-GB", "light", "Mon"], ["en-US", "dark", "Sun"], ["de-DE", "light", "Mo"]])) {
    const page = await openPage(t, { locale, colorScheme });
    await page.goto(`${owlery.url}?view=calendar`);
    await says(page, daysAgo(3), /14 (events|Ereignisse)/);
    assert.equal(await page.getByRole("columnheader").first().innerText(), first);
    assert.deepEqual(await axeViolations(page), []);
    if (locale !== "en-GB") continue;
    assert.match(await said(page, daysAgo(3)) ?? "", /^\w+day,? .*: 14 events, 14 not reviewed, 2 saved$/);
    assert.equal(await link(page, daysAgo(0)).getAttribute("aria-current"), "date");
    await page.getByRole("button", { name: HOSTILE }).click();
    await says(page, daysAgo(3), /: 2 events, /);
    assert.equal(new URL(page.url()).searchParams.get("cameras"), HOSTILE);
    await page.getByRole("button", { name: "All cameras" }).click();
    await says(page, daysAgo(3), /: 14 events, /);
    await link(page, daysAgo(3)).click();
    await waitUntil("the day", () => new URL(page.url()).search === `?day=${daysAgo(3)}`);
    await page.goBack();
    await says(page, daysAgo(3), /: 14 events, /);
  }
});

test("what is reviewed has no dot", async (t) => {
  const owlery = await serve(t, { events: events(daysAgo(2), 3) });
  await owlery.json("api/v1/reviewed", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ reviewed: true, from: daysAgo(2), to: daysAgo(2) }) });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=calendar`);
  await says(page, daysAgo(2), /: 3 events$/);
  assert.equal(await link(page, daysAgo(2)).locator(".dot").count(), 0);
  owlery.add({ day: daysAgo(1), time: "00-00-01" }); // arrives by itself
  await says(page, daysAgo(1), /: 1 event, 1 not reviewed$/);
});

test("by keyboard from day to day", async (t) => {
  const owlery = await serve(t, { events: [...events("2026-01-31", 1), ...events("2026-04-15", 2), ...events("2026-12-24", 1)] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=calendar&day=2026-04-15`);
  await says(page, "2026-04-15", /2 events/);
  await link(page, "2026-04-15").focus();
  for (const [key, day] of [
    ["ArrowLeft", "2026-04-14"], ["ArrowDown", "2026-04-21"], ["ArrowRight", "2026-04-22"], ["ArrowUp", "2026-04-15"], ["Home", "2026-04-13"], ["End", "2026-04-19"],
    ["PageDown", "2026-05-19"], ["PageUp", "2026-04-19"], ["PageUp", "2026-03-19"], ["PageUp", "2026-02-19"], ["PageUp", "2026-01-31"], ["PageDown", "2026-02-28"],
  ]) {
    await page.keyboard.press(key);
    await waitUntil(`${key} to ${day}`, async () => (await focused(page)) === day);
  }
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Enter");
  await waitUntil("the day", () => new URL(page.url()).search === "?day=2026-02-28");
});

test("what goes next, and why", async (t) => {
  const config = `keep-days = ["30", "${HOSTILE.replaceAll('"', '\\"')}=forever"]\nmax-share = 0.1\n`;
  const kept = [27, 35, 40].flatMap((ago) => [...events(daysAgo(ago), 2), ...events(daysAgo(ago), 1, { camera: HOSTILE })]);
  const owlery = await serve(t, { events: [...kept, ...events(daysAgo(45), 1, { saved: true }), ...events(daysAgo(0), 1)], config });
  // Directories made just now are open for a moment, in which the plan leaves them.
  await waitUntil("the plan", async () => (await owlery.json("api/v1/retention")).plan.items.length === 2);
  const page = await openPage(t, { viewport: { width: 360, height: 740 } });
  await page.goto(`${owlery.url}?view=calendar`);
  await says(page, daysAgo(40), /Camera1: goes with the next clean-up, older than 30 days$/);
  await says(page, daysAgo(27), /Camera1: goes in 4 days, older than 30 days$/);
  assert.match(await link(page, daysAgo(40)).getAttribute("title") ?? "", /older than 30 days/);
  assert.doesNotMatch(await said(page, daysAgo(45)) ?? "", /goes/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false);
  await page.getByRole("button", { name: HOSTILE }).click();
  await says(page, daysAgo(40), /: 1 event, 1 not reviewed$/);
});

test("older months come as one scrolls, and are loaded again after a failure", async (t) => {
  const owlery = await serve(t, { events: [...events("2022-02-03", 2), ...events(daysAgo(0), 1)] });
  const page = await openPage(t, { expects: [/status of 500/] });
  let isBroken = true;
  await page.route("**/api/v1/days?**", (route) => (isBroken ? route.fulfill({ status: 500, contentType: "application/problem+json", body: `{"detail":"it broke"}` }) : route.continue()));
  await page.goto(`${owlery.url}?view=calendar`);
  await page.getByText("Days cannot be loaded now: it broke").waitFor();
  isBroken = false;
  await says(page, daysAgo(0), /1 event/);
  const count = await page.getByRole("grid").count();
  assert.ok(count < 30, `${count} months at once`);
  await waitUntil("the oldest month", async () => {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    return (await link(page, "2022-02-03").count()) === 1;
  });
  await says(page, "2022-02-03", /2 events/);
});

test("days of many events are readable on a phone", async (t) => {
  const owlery = await serve(t, { events: [...events(daysAgo(1), 1), ...events(daysAgo(0), 1)] });
  const page = await openPage(t, { viewport: { width: 360, height: 740 }, hasTouch: true, colorScheme: "dark" });
  await page.route("**/api/v1/days?**", async (route) => {
    const response = await route.fetch();
    const { days } = await response.json();
    for (const day of days) day.events = day.day === daysAgo(1) ? 20_000 : 1_234_567;
    await route.fulfill({ response, json: { days } });
  });
  await page.goto(`${owlery.url}?view=calendar`);
  await link(page, daysAgo(1)).getByText("20,000", { exact: true }).waitFor();
  await link(page, daysAgo(0)).getByText(/^1\.2m$/i).waitFor();
  const isCut = await link(page, daysAgo(1)).evaluate((a) => { const b = /** @type {HTMLElement} */ (a.querySelector("b")); return b.scrollWidth > a.clientWidth; });
  assert.equal(isCut, false);
  assert.deepEqual(await axeViolations(page), []);
});

test("a limited user sees the days of the own cameras", async (t) => {
  const owlery = await serve(t, { events: [...events(daysAgo(1), 2), ...events(daysAgo(1), 5, { camera: "Camera2" })], config: USERS, flags: ["--keep-days", "30"] });
  const page = await openPage(t, { expects: [/status of 401/] });
  await page.goto(`${owlery.url}?view=calendar`);
  await signIn(page, "bert");
  await says(page, daysAgo(1), /: 2 events/);
  assert.equal(await page.getByRole("button", { name: "Camera2" }).count(), 0);
});

test("nothing yet, then something", async (t) => {
  const owlery = await serve(t);
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=calendar`);
  await page.getByText("Nothing has been recorded yet.").waitFor();
  owlery.add({ day: daysAgo(0), time: "00-00-01" });
  await says(page, daysAgo(0), /1 event/);
});
