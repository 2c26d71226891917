import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";

after(closeBrowser);

const HOSTILE = `Camera<b>&"'%2F ü`;
const USERS = `
[users]
anna = { role = "admin" }
bert = { role = "viewer" }
carl = { role = "admin", cameras = ["Camera1"] }
[proxy]
from = ["127.0.0.1/32"]
user-header = "X-Forwarded-User"
`;
/** A page of a user. @param {string} name */
const as = (name) => ({ extraHTTPHeaders: { "X-Forwarded-User": name } });

/** An event on each of so many days before today, some saved. @param {number} count @param {string} [camera] */
const days = (count, camera = "Camera1") =>
  Array.from({ length: count }, (_, nth) => ({ camera, day: daysAgo(nth), time: "00-00-01", frames: 1, movie: false, saved: nth % 20 === 13 }));

/** Gives each event's directory the time of its newest file, so that it is over and no rule waits for it. @param {string} root */
function age(root) {
  for (const camera of readdirSync(root).filter((name) => name.startsWith("Camera"))) {
    for (const day of readdirSync(join(root, camera))) {
      for (const time of readdirSync(join(root, camera, day))) {
        const folder = join(root, camera, day, time);
        const newest = new Date(Math.max(...readdirSync(folder).filter((name) => name.endsWith(".jpg")).map((name) => statSync(join(folder, name)).mtimeMs)));
        utimesSync(folder, newest, newest);
      }
    }
  }
}

/** @param {import("playwright-core").Page} page @param {string} name */
const section = (page, name) => page.getByRole("region", { name, exact: true });

/** Whether the page is wider than its window. @param {import("playwright-core").Page} page */
const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

test("what there is, and what goes next and why", async (t) => {
  const owlery = await serve(t, { prepare: age, events: [...days(45), ...days(35, HOSTILE)], flags: ["--keep-days", "10", "--max-share", "1", "--keep-days", "Camera1=30"] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  const use = section(page, "Use").getByRole("table");
  await use.getByRole("row", { name: HOSTILE }).getByText("13", { exact: true }).waitFor();
  await use.getByText("30 days are kept").waitFor();
  const rules = section(page, "Rules");
  await rules.getByText("Camera1: days are deleted when they lie more than 30 days back.").waitFor();
  await rules.getByText(/Next clean-up: .*in \d+ minutes/).waitFor();
  const log = section(page, "Log");
  await log.getByRole("row", { name: /clean-up/ }).first().waitFor(); // made at the start
  await section(page, "Next clean-up").getByText("Nothing has to be deleted now.").waitFor();
  assert.deepEqual(await axeViolations(page), []);
});

test("the plan names each item's reason, and folds beyond twenty", async (t) => {
  // The pass is held, so the plan stays.
  const owlery = await serve(t, { prepare: age, events: [...days(45), ...days(25, HOSTILE)], flags: ["--keep-days", "10", "--max-share", "0.1"] });
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await openPage(t, { colorScheme });
    await page.goto(`${owlery.url}?view=storage`);
    const plan = section(page, "Next clean-up");
    const table = plan.getByRole("table", { name: /It deletes 45 events .* of 32 days/ });
    await table.getByText("older than 10 days").first().waitFor();
    assert.equal(await table.locator("tbody tr").count(), 20);
    await plan.getByRole("button", { name: "Show more (25)" }).click();
    await waitUntil("all rows", async () => (await table.locator("tbody tr").count()) === 45);
    await plan.getByText(/It leaves 3 events/).click();
    await plan.getByRole("table", { name: "What stays, and why" }).getByRole("cell", { name: "saved" }).first().waitFor();
    assert.deepEqual(await axeViolations(page), []);
    await table.getByRole("link", { name: HOSTILE }).first().click();
    await waitUntil("the day", () => new URL(page.url()).searchParams.get("cameras") === HOSTILE);
  }
});

test("a held pass is told on every view, confirmed by keyboard, and restored", async (t) => {
  const owlery = await serve(t, { prepare: age, events: days(30), flags: ["--keep-days", "20", "--max-share", "0.1", "--undo-window", "24h"] });
  const page = await openPage(t, { viewport: { width: 390, height: 844 } });
  await page.goto(`${owlery.url}?view=calendar`);
  const alert = page.getByRole("alert").filter({ hasText: "this pass would retire" });
  await alert.waitFor();
  assert.doesNotMatch(await alert.innerText(), /owlery expire/);
  await alert.getByRole("button", { name: "Confirm" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Carry out this clean-up?" });
  await dialog.getByText(/^9 events \(.* of 9 days are deleted\.$/).waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal((await owlery.json("api/v1/queue")).passes.length, 0);

  await page.goto(`${owlery.url}?view=storage`);
  const held = section(page, "A clean-up waits for a confirmation");
  await held.getByText(/9 events .* of 9 days/).click();
  await held.getByText("older than 20 days").first().waitFor();
  await held.getByRole("button", { name: "Confirm" }).click();
  await dialog.getByRole("button", { name: "Delete 9 events" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: /^9 events deleted/ }).waitFor();
  await held.waitFor({ state: "detached" });
  await alert.waitFor({ state: "detached" });

  const queue = section(page, "Deleted, still here");
  await queue.getByText(/in 2[34] hours/).waitFor();
  assert.equal(await isTooWide(page), false);
  await queue.getByRole("button", { name: "Restore" }).click();
  await page.getByRole("alert").filter({ hasText: "9 events restored. No rule takes their days until" }).waitFor();
  await queue.getByText("Nothing can be restored.").waitFor();
  await waitUntil("the focus on the heading of its section", () => queue.getByRole("heading").evaluate((heading) => /** @type {ShadowRoot} */ (heading.getRootNode()).activeElement === heading));
  await section(page, "Log").getByRole("row", { name: /restored/ }).first().waitFor();
  assert.equal((await owlery.json("api/v1/cameras")).cameras[0].events, 30);
});

test("days of a wrong date are deleted once that is confirmed", async (t) => {
  const owlery = await serve(t, { events: [{ day: "1999-12-31", time: "10-00-00", frames: 1, movie: false }], prepare: age, flags: ["--keep-days", "20", "--undo-window", "24h"] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  const alert = page.getByRole("alert").filter({ hasText: "dated before 2001" });
  await alert.waitFor();
  assert.doesNotMatch(await alert.innerText(), /owlery expire/);
  await alert.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("dialog", { name: "Delete the days of a wrong date?" }).getByRole("button", { name: "Delete 1 event" }).click();
  await alert.waitFor({ state: "detached" });
  assert.deepEqual((await owlery.json("api/v1/queue")).passes[0].items.map((/** @type {any} */ { day }) => day), ["1999-12-31"]);
});

test("what is left of a restore is said", async (t) => {
  const owlery = await serve(t, { prepare: age, events: days(3) });
  const [{ id }] = (await owlery.json("api/v1/events?limit=1")).events;
  assert.ok((await owlery.json(`api/v1/events/${id}`, { method: "DELETE" })).pass);
  owlery.add({ day: daysAgo(0), time: "00-00-01" }); // its name is taken
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  await section(page, "Deleted, still here").getByRole("button", { name: "Restore" }).click();
  await page.getByRole("alert").filter({ hasText: "1 event stays deleted:" }).waitFor();
});

test("a pass is made now", async (t) => {
  const owlery = await serve(t, { prepare: age, events: days(3), flags: ["--keep-days", "20", "--max-share", "1", "--undo-window", "24h"] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  const run = section(page, "Rules").getByRole("button", { name: "Clean up now" });
  await run.click();
  await page.getByRole("alert").filter({ hasText: "Nothing had to be deleted." }).waitFor();
  owlery.add({ day: daysAgo(25), time: "10-00-00", frames: 1, movie: false });
  age(owlery.root);
  await waitUntil("a pass with the event", async () => (await owlery.json("api/v1/retention/run", { method: "POST" })).items.length > 0);
  const log = section(page, "Log"); // follows by itself
  await log.getByRole("row", { name: /deleted by a clean-up/ }).first().waitFor();
  await section(page, "Deleted, still here").getByRole("button", { name: "Restore" }).first().waitFor();
});

test("older entries of the log", async (t) => {
  const owlery = await serve(t, { prepare: age, events: days(70), flags: ["--keep-days", "5", "--max-share", "1"] });
  await waitUntil("the pass", async () => (await owlery.json("api/v1/audit?limit=1000")).entries.length > 60);
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  const log = section(page, "Log");
  await waitUntil("a page", async () => (await log.locator("tbody tr").count()) === 50);
  await log.getByRole("button", { name: "Older entries" }).click();
  await waitUntil("the others", async () => (await log.locator("tbody tr").count()) > 60);
  await log.getByRole("button", { name: "Older entries" }).waitFor({ state: "detached" });
});

test("stores and the cache", async (t) => {
  const nas = mkdtempSync(join(tmpdir(), "owlery-page-nas-"));
  t.after(() => rmSync(nas, { recursive: true, force: true }));
  const owlery = await serve(t, { prepare: age, events: days(4), config: `[stores.nas]\nurl = "file://${nas}"\ncopy = "complete"\n` });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=storage`);
  const stores = section(page, "Copies");
  await stores.getByText("every event, when it is complete").waitFor();
  await waitUntil("the copies", async () => {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // loads again
    return (await stores.getByText("no event", { exact: true }).count()) === 1 && (await stores.getByText(/^4 events/).count()) === 1;
  });
  const cache = section(page, "Cache");
  await owlery.json(`api/v1/cache/entries/${encodeURIComponent("a key")}`, { method: "PUT", body: "some bytes" });
  await page.reload();
  await cache.getByText("10 B of 500 MB").waitFor();
  await cache.getByRole("button", { name: "Empty the cache" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Empty the cache" }).click();
  await cache.getByText("0 B of 500 MB").waitFor();
  assert.deepEqual(await axeViolations(page), []);
});

test("a viewer and a limited user", async (t) => {
  const events = [...days(30), ...days(30, "Camera2")];
  const owlery = await serve(t, { prepare: age, events, flags: ["--keep-days", "20", "--max-share", "0.1"], config: USERS });
  const admin = await openPage(t, as("anna"));
  await admin.goto(`${owlery.url}?view=storage`);
  await section(admin, "Rules").getByRole("button", { name: "Clean up now" }).waitFor();
  await section(admin, "Cache").waitFor();
  for (const name of ["bert", "carl"]) {
    const page = await openPage(t, as(name));
    await page.goto(`${owlery.url}?view=storage`);
    await section(page, "Log").getByRole("table").or(section(page, "Log").getByText("Nothing has been deleted")).waitFor();
    await section(page, "Next clean-up").getByText("older than 20 days").first().waitFor();
    await section(page, "A clean-up waits for a confirmation").waitFor();
    for (const button of ["Confirm", "Clean up now", "Restore", "Empty the cache"]) assert.equal(await page.getByRole("button", { name: button }).count(), 0, button);
    assert.equal(await section(page, "Cache").count(), 0);
    assert.equal(await section(page, "Copies").count(), name === "bert" ? 1 : 0);
    if (name === "carl") assert.doesNotMatch(await page.locator("owl-app").innerText(), /Camera2/);
    assert.deepEqual(await axeViolations(page), []);
  }
});

test("the service goes away and comes back; each section says why it failed", async (t) => {
  const owlery = await serve(t, { prepare: age, events: days(3) });
  const page = await openPage(t, { expects: [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/, /status of 500/] });
  await page.route("**/api/v1/queue", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: `{"title":"no","status":500,"detail":"it broke"}` }));
  await page.goto(`${owlery.url}?view=storage`);
  const queue = section(page, "Deleted, still here");
  await queue.getByText("This cannot be loaded now: it broke").waitFor();
  await section(page, "Rules").getByText("There is no rule").waitFor();
  await page.unroute("**/api/v1/queue");
  await queue.getByRole("button", { name: "Try again" }).click();
  await queue.getByText("Nothing can be restored.").waitFor();
  await owlery.stop();
  await page.getByRole("status").getByText("The page goes on when it can").waitFor();
  await owlery.start();
  await page.getByText("The page goes on when it can").waitFor({ state: "detached" });
  await waitUntil("no section in trouble", async () => (await page.getByText("This cannot be loaded now").count()) === 0);
});

test("in German on a phone, by a dark screen", async (t) => {
  const owlery = await serve(t, { prepare: age, events: [...days(30), ...days(30, HOSTILE)], flags: ["--keep-days", "20", "--max-share", "0.1", "--min-free", "1GB"] });
  const page = await openPage(t, { locale: "de-DE", colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true });
  await page.goto(`${owlery.url}?view=storage`);
  await section(page, "Nächstes Aufräumen").getByText("älter als 20 Tage").first().waitFor();
  await section(page, "Regeln").getByText("1 GB des Datenträgers bleiben frei").waitFor();
  await section(page, "Belegung").getByText(/^Der Datenträger fasst [\d,]+ .B neben dem, was frei bleibt$/).waitFor();
  assert.equal(await isTooWide(page), false);
  assert.deepEqual(await axeViolations(page), []);
});

test("nothing moves while it loads, whatever comes first", async (t) => {
  const events = [...days(30), ...days(30, "Camera2")];
  for (const [share, isHeld] of /** @type {const} */ ([["0.1", true], ["1", false]])) {
    const owlery = await serve(t, { prepare: age, events, flags: ["--keep-days", "20", "--keep-days", "Camera2=25", "--max-share", share, "--undo-window", "24h"] });
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      const page = await openPage(t, { viewport });
      await page.addInitScript(() => {
        const seen = /** @type {any} */ (window);
        seen.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.shift += /** @type {any} */ (entry).value; }).observe({ type: "layout-shift", buffered: true });
      });
      // What is lowest comes first.
      const order = ["audit", "cache", "stores", "queue", "retention"];
      for (const [nth, name] of order.entries()) {
        await page.route(new RegExp(`api/v1/${name}\\b`), async (route) => {
          await new Promise((resume) => setTimeout(resume, 100 + 100 * nth));
          await route.continue();
        });
      }
      await page.route("**/readyz", async (route) => {
        await new Promise((resume) => setTimeout(resume, 200));
        await route.continue();
      });
      await page.goto(`${owlery.url}?view=storage`);
      await section(page, "Log").getByRole("table").or(section(page, "Log").getByText("Nothing has been deleted")).waitFor();
      assert.equal(await section(page, "A clean-up waits for a confirmation").count(), isHeld ? 1 : 0);
      await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume))));
      const shift = await page.evaluate(() => /** @type {any} */ (window).shift);
      assert.ok(shift <= 0.05, `${shift} at a width of ${viewport.width}`);
    }
  }
});
