import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { cards, ids, pictures, writeMany } from "./day.mjs";
import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

after(closeBrowser);

const day = daysAgo(1);
const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
const minute = (/** @type {number} */ nth, camera = "Camera1") => ({ day, time: `10-${two(nth)}-00`, movie: false, camera });

test("cards are selected, several together, and changed together", async (t) => {
  const owlery = await serve(t, { events: [0, 1, 2, 3, 4, 5].map((nth) => minute(nth)) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const card = (/** @type {number} */ nth) => cards(page).nth(nth);
  await card(1).hover();
  await card(1).getByRole("checkbox").click();
  await page.getByText("1 selected").waitFor();
  await card(4).getByRole("link").click({ modifiers: ["Shift"] });
  await page.getByText("4 selected").waitFor();
  await card(2).getByRole("link").click({ modifiers: ["Control"] });
  await page.getByText("3 selected").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await waitUntil("three are saved", async () => (await owlery.json("api/v1/events?saved=true")).events.length === 3);
  await page.getByRole("button", { name: "Unsave" }).click();
  await waitUntil("none is saved", async () => (await owlery.json("api/v1/events?saved=true")).events.length === 0);
  await page.getByRole("button", { name: "Mark reviewed", exact: true }).click();
  await page.getByText("3 unreviewed").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("3 events deleted").waitFor();
  await waitUntil("three cards", async () => (await ids(page)).length === 3);
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("six cards", async () => (await ids(page)).length === 6);
  await card(0).hover();
  await card(0).getByRole("checkbox").click();
  await page.keyboard.press("Escape");
  await page.getByText("1 selected").waitFor({ state: "detached" });
});

test("the selection is exported: one event, a range, and as one movie of one camera", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1), minute(2, "Camera2")] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const toggle = async (/** @type {number} */ nth) => {
    await cards(page).nth(nth).hover();
    await cards(page).nth(nth).getByRole("checkbox").click();
  };
  await toggle(2);
  assert.equal(await page.getByRole("link", { name: "Zip", exact: true }).getAttribute("href"), `api/v1/events/Camera1/${day}/10-00-00.zip`);
  await toggle(1);
  const range = page.getByRole("link", { name: "Zip of this range" });
  const params = new URLSearchParams({ camera: "Camera1", from: `${day}T10:00:00`, to: `${day}T10:01:00` });
  assert.equal(await range.getAttribute("href"), `api/v1/export?${params}`);
  await page.getByRole("button", { name: "One MP4" }).waitFor();
  assert.equal((await fetch(`${owlery.url}api/v1/export?${params}`)).headers.get("content-type"), "application/zip");
  await toggle(0);
  assert.equal(await page.getByRole("button", { name: "One MP4" }).count(), 0);
  assert.deepEqual(new URL(await range.getAttribute("href") ?? "", owlery.url).searchParams.getAll("camera").sort(), ["Camera1", "Camera2"]);
});

test("a viewer sees nothing that writes, but may review and export", async (t) => {
  const owlery = await serve(t, { config: USERS, events: [minute(0), { ...minute(1), saved: true }] });
  const page = await openPage(t, { expects: [/401/] });
  await page.goto(owlery.url);
  await signIn(page, "vera");
  await pictures(page);
  await cards(page).first().hover();
  await cards(page).first().getByRole("checkbox").click();
  await page.getByRole("link", { name: "Zip", exact: true }).waitFor();
  for (const name of ["Delete", "Save", /^Save the event/]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, String(name));
  await page.keyboard.press("Delete");
  await page.keyboard.press("s");
  await page.getByRole("button", { name: "Mark reviewed", exact: true }).click();
  await page.getByText("1 unreviewed").waitFor();
  await waitUntil("the saved one as it was", async () => (await page.locator("owl-card .star.on").count()) === 1);
  assert.equal((await ids(page)).length, 2);
});

test("the day is marked as reviewed, and back", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1)] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  await page.getByText("2 unreviewed").waitFor();
  await page.getByRole("button", { name: /^Mark day reviewed/ }).click();
  await page.getByText("2 unreviewed").waitFor({ state: "detached" });
  await waitUntil("no dots", async () => (await page.locator("owl-card .dot").count()) === 0);
  await page.getByRole("button", { name: /^Mark day unreviewed/ }).click();
  await page.getByText("2 unreviewed").waitFor();
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("r");
  await page.getByText("1 unreviewed").waitFor();
});

test("a long press selects, and then a tap does", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1)] });
  const page = await openPage(t, { viewport: { width: 390, height: 740 }, isMobile: true, hasTouch: true });
  await page.goto(owlery.url);
  await pictures(page);
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await cards(page).first().boundingBox());
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
  await page.getByText("1 selected").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await cards(page).nth(1).getByRole("link").tap();
  await page.getByText("2 selected").waitFor();
  assert.equal(new URL(page.url()).search, "");
  assert.deepEqual(await axeViolations(page), []);
  const bar = await page.locator("owl-selection .bar").boundingBox();
  assert.ok(bar && bar.x >= 0 && bar.x + bar.width <= 390);
  await page.getByRole("button", { name: "Clear the selection" }).tap();
  await cards(page).nth(1).getByRole("link").tap();
  await page.waitForURL(/event=/);
  await page.locator("owl-player").waitFor();
});

/** More than a request may name, so several passes are made. */
test("all passes of a large deletion are undone together", async (t) => {
  const owlery = await serve(t, { prepare: (root) => writeMany(root, 1, 1100) });
  const page = await openPage(t);
  const count = async () => (await owlery.json("api/v1/cameras")).cameras[0]?.events ?? 0;
  await waitUntil("all are listed", async () => (await count()) === 1100);
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+End");
  await page.getByText("1,100 selected").waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("1,100 events deleted").waitFor();
  await waitUntil("all are gone", async () => (await count()) === 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("all are back", async () => (await count()) === 1100);
});

test("a deletion can be undone as long as the service keeps it", async (t) => {
  const owlery = await serve(t, { events: [minute(0), minute(1)] });
  const page = await openPage(t);
  await page.route("**/api/v1/events/delete", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), undo_until: new Date(Date.now() + 1500).toISOString() } });
  });
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("Delete");
  const undo = page.getByRole("button", { name: "Undo" });
  await undo.waitFor();
  await undo.waitFor({ state: "detached" });
});

test("what is deleted after Undo goes back too", async (t) => {
  const owlery = await serve(t, { prepare: (root) => writeMany(root, 1, 1100) });
  const page = await openPage(t);
  const count = async () => (await owlery.json("api/v1/cameras")).cameras[0]?.events ?? 0;
  await waitUntil("all are listed", async () => (await count()) === 1100);
  let asked = 0;
  let release = () => {};
  const held = new Promise((done) => { release = () => done(undefined); });
  await page.route("**/api/v1/events/delete", async (route) => {
    if (++asked === 2) await held;
    await route.continue();
  });
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+End");
  await page.getByText("1,100 selected").waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("1,000 events deleted").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("the first thousand", async () => (await count()) === 1100 && asked === 2);
  release();
  await waitUntil("the second pass is made and taken back", async () => (
    (await owlery.json("api/v1/audit?limit=1000")).entries.filter((/** @type {any} */ { what }) => what === "restored").length >= 2));
  await waitUntil("all are back", async () => (await count()) === 1100);
  assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 0);
});

test("deletions are taken back one after the other, also after an outage", async (t) => {
  const owlery = await serve(t, { events: [0, 1, 2, 3].map((nth) => minute(nth)) });
  const page = await openPage(t, { expects: [/status of 503/] });
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  for (const left of [3, 2, 1]) {
    await page.keyboard.press("Delete");
    await waitUntil(`${left} cards`, async () => (await ids(page)).length === left);
    await waitUntil("the focus", () => page.evaluate(() => document.activeElement !== document.body));
  }
  const undo = page.getByRole("button", { name: "Undo" });
  await undo.click();
  await waitUntil("two cards", async () => (await ids(page)).length === 2);
  await page.route("**/restore", (route) => route.fulfill({ status: 503, json: { detail: "the disk does not respond" } }), { times: 1 });
  await undo.click();
  await page.getByText("the disk does not respond").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await undo.click();
  await waitUntil("three cards", async () => (await ids(page)).length === 3);
  // What was restored elsewhere cannot be undone.
  const [{ pass }] = (await owlery.json("api/v1/queue")).passes;
  await owlery.json(`api/v1/queue/${pass}/restore`, { method: "POST" });
  await undo.waitFor({ state: "detached" });
  await waitUntil("four cards", async () => (await ids(page)).length === 4);
});

test("an event that is gone does not come back to the list", async (t) => {
  const owlery = await serve(t, { events: [0, 1, 2].map((nth) => minute(nth)) });
  const page = await openPage(t, { expects: [/status of 404/] });
  await page.goto(owlery.url);
  await pictures(page);
  const [star, deleted] = await ids(page);
  // Another tab deletes both, and this page does not hear of it in time.
  for (const [path, id] of [["saved", star], ["delete", deleted]]) {
    await page.route(path === "saved" ? "**/saved" : "**/events/delete", async (route) => {
      await owlery.json(`api/v1/events/${id}`, { method: "DELETE" });
      await route.continue();
    }, { times: 1 });
  }
  await cards(page).nth(1).getByRole("link").focus();
  await page.keyboard.press("Delete");
  await page.getByText(/1 event was not deleted/).waitFor();
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("s");
  await waitUntil("one card", async () => (await ids(page)).length === 1);
  assert.equal((await owlery.json("api/v1/events")).events.length, 1);
});

test("a failed request leaves deleted what earlier ones deleted", async (t) => {
  const owlery = await serve(t, { prepare: (root) => writeMany(root, 1, 1100) });
  const page = await openPage(t, { expects: [/status of 507/] });
  await waitUntil("all are listed", async () => (await owlery.json("api/v1/cameras")).cameras[0]?.events === 1100);
  let asked = 0;
  await page.route("**/api/v1/events/delete", (route) => (++asked === 2 ? route.fulfill({ status: 507, json: { detail: "the disk is full" } }) : route.continue()));
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+End");
  await page.getByText("1,100 selected").waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("the disk is full").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByText("1,000 events deleted").waitFor();
  const count = () => page.locator("owl-grid").evaluate((/** @type {any} */ { layout }) => layout.days.reduce((/** @type {number} */ sum, /** @type {any} */ { count }) => sum + count, 0));
  await waitUntil("a hundred are listed", async () => (await count()) === 100);
});

test("a change and its opposite reach the service in their order", async (t) => {
  const owlery = await serve(t, { events: [minute(0)] });
  const page = await openPage(t);
  /** @type {string[]} */
  const sent = [];
  await page.route("**/saved", async (route) => {
    const method = route.request().method();
    if (method === "PUT") await waitUntil("both keys", () => pressed);
    await route.fulfill({ response: await route.fetch() });
    sent.push(method);
  });
  let pressed = false;
  await page.goto(owlery.url);
  await pictures(page);
  await cards(page).first().getByRole("link").focus();
  await page.keyboard.press("s");
  await page.locator("owl-card .star.on").waitFor();
  await page.keyboard.press("s");
  await page.locator("owl-card .star.on").waitFor({ state: "detached" });
  pressed = true;
  await waitUntil("both are done", () => sent.length === 2);
  assert.deepEqual(sent, ["PUT", "DELETE"]);
  await waitUntil("it is not saved", async () => !(await owlery.json("api/v1/events")).events[0].saved);
});

/** Selects a card. @param {import("playwright-core").Page} page @param {number} nth */
async function select(page, nth) {
  await cards(page).nth(nth).hover();
  await cards(page).nth(nth).getByRole("checkbox").click();
}

test("what the filters leave out is not selected any more", async (t) => {
  const owlery = await serve(t, { events: [minute(0), { ...minute(1), saved: true }, minute(2)] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?unreviewed=1`);
  await pictures(page);
  await select(page, 0);
  await select(page, 1);
  await page.getByText("2 selected").waitFor();
  await page.getByRole("button", { name: "Mark reviewed", exact: true }).click();
  await page.locator("owl-selection .bar").waitFor({ state: "detached" });
  await waitUntil("one card", async () => (await ids(page)).length === 1);
  // Filters that are chosen later leave out those that do not fit.
  await page.getByRole("button", { name: "Unreviewed", exact: true }).click();
  await waitUntil("three cards", async () => (await ids(page)).length === 3);
  for (const nth of [0, 1, 2]) await select(page, nth);
  await page.getByText("3 selected").waitFor();
  await page.getByRole("button", { name: "Saved", exact: true }).click();
  await page.getByText("1 selected").waitFor();
  await page.getByLabel("Part of the day").selectOption("22-06");
  await page.locator("owl-selection .bar").waitFor({ state: "detached" });
});

test("what was removed is not selected any more, also if it went while the service was away", async (t) => {
  const owlery = await serve(t, { events: [0, 1, 2, 3].map((nth) => minute(nth)) });
  const page = await openPage(t, { expects: [/./] });
  await page.goto(owlery.url);
  await pictures(page);
  for (const nth of [0, 1, 2]) await select(page, nth);
  await page.getByText("3 selected").waitFor();
  await fetch(`${owlery.url}api/v1/events/Camera1/${day}/10-03-00`, { method: "DELETE" });
  await page.getByText("2 selected").waitFor();
  for (const filters of ["", "?unreviewed=1"]) {
    await page.goto(owlery.url + filters);
    await pictures(page);
    const last = (await ids(page)).length - 1;
    for (const nth of [0, last]) await select(page, nth);
    await page.getByText("2 selected").waitFor();
    await owlery.stop();
    await page.getByText("The page goes on when it can").waitFor();
    rmSync(join(owlery.root, (await ids(page))[0]), { recursive: true });
    await owlery.start();
    await page.getByText("1 selected").waitFor();
  }
});

test("what is out of view stays selected", async (t) => {
  const owlery = await serve(t, { prepare: (root) => writeMany(root, 40, 24) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  const [id] = await ids(page);
  await select(page, 0);
  await page.getByText("1 selected").waitFor();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await waitUntil("other cards", async () => (await ids(page)).length > 0 && !(await ids(page)).includes(id));
  const shown = (await ids(page)).slice(-1)[0];
  // Changes come in their order: that of the first is there when that of the last is.
  for (const each of [id, shown]) await fetch(`${owlery.url}api/v1/events/${each}/saved`, { method: "PUT" });
  await page.locator("owl-card .star.on").waitFor();
  await page.getByText("1 selected").waitFor();
  await page.getByRole("button", { name: "Mark reviewed", exact: true }).click();
  await waitUntil("reviewed", async () => (await owlery.json(`api/v1/events/${id}`)).reviewed);
});

test("events that are not deleted are told in plain words", async (t) => {
  const owlery = await serve(t, { events: [minute(0), { ...minute(1), saved: true }, { ...minute(2), saved: true }] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await pictures(page);
  for (const nth of [0, 1, 2]) await select(page, nth);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("alert").getByText("2 events are saved, so they were not deleted.", { exact: true }).waitFor();
  await waitUntil("the others", async () => (await ids(page)).length === 2);
});
