// Events whose files only a store has, since they were deleted here after they were copied: they are shown, played and reviewed like others,
// but nobody saves or deletes them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { cards, ids, pictures } from "./day.mjs";
import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";
import { show, until, watchReviews } from "./opened.mjs";
import { select, sees } from "./states.mjs";

after(closeBrowser);

const [DAY, HOSTILE] = [daysAgo(1), `Camera<b>&"'%2F ü`];
const [OWN, STORED, OTHER] = [`Camera1/${DAY}/12-00-00`, `Camera1/${DAY}/11-00-00`, `${HOSTILE}/${DAY}/11-00-02`];
const USERS = `[users]
anna = { role = "admin" }
bert = { role = "admin", cameras = ["Camera1"] }
[proxy]
from = ["127.0.0.1/32"]
user-header = "X-Forwarded-User"
`;
const anna = { "X-Forwarded-User": "anna" };

/** An archive with three events, two of which only the store has. @param {import("node:test").TestContext} t */
async function archive(t) {
  const nas = mkdtempSync(join(tmpdir(), "owlery-page-nas-"));
  t.after(() => rmSync(nas, { recursive: true, force: true }));
  const owlery = await serve(t, {
    events: [{ day: DAY, time: "12-00-00" }, { day: DAY, time: "11-00-00" }, { day: DAY, time: "11-00-02", camera: HOSTILE }],
    config: `[stores.nas]\nurl = "file://${nas}"\ncopy = "complete"\n${USERS}`,
  });
  const ask = (/** @type {string} */ path, /** @type {RequestInit} */ more = {}) => owlery.json(path, { ...more, headers: anna });
  await waitUntil("copies", async () => (await ask("api/v1/stores")).stores[0].copying?.waiting === 0);
  for (const id of [STORED, OTHER]) await ask(`api/v1/events/${id.split("/").map(encodeURIComponent).join("/")}`, { method: "DELETE" });
  const places = async () => (await ask("api/v1/events")).events.map((/** @type {{location: string}} */ { location }) => location).join();
  await waitUntil("they are the store's", async () => (await places()) === "local,nas,nas");
  return { owlery, ask };
}

/** What is asked of the service besides reading and reviewing. @param {import("playwright-core").Page} page */
function watchChanges(page) {
  /** @type {{url: string, body: any}[]} */
  const changes = [];
  page.on("request", (request) => {
    if (request.method() !== "GET" && !/reviewed$/.test(request.url())) changes.push({ url: request.url(), body: request.postDataJSON() });
  });
  return changes;
}

test("a card says where its event lies, and only what is here is changed", async (t) => {
  const { owlery, ask } = await archive(t);
  const page = await openPage(t, { extraHTTPHeaders: anna });
  const changes = watchChanges(page);
  await page.goto(owlery.url);
  await pictures(page); // the store's too
  assert.deepEqual(await ids(page), [OWN, OTHER, STORED]);
  const [own, stored] = [cards(page).nth(0), cards(page).nth(2)];
  await own.getByRole("button", { name: /^Save/ }).waitFor({ state: "attached" });
  await stored.getByText("in nas", { exact: true }).waitFor();
  await stored.getByRole("link", { name: /11:00:00.*in nas/ }).waitFor();
  assert.equal(await stored.getByRole("button").count(), 0, "no star");
  assert.equal(await own.getByText("in nas").count(), 0);

  await select(stored);
  await page.getByRole("link", { name: "Zip", exact: true }).waitFor();
  for (const name of ["Save", "Delete"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  for (const key of ["s", "Delete"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Mark reviewed", exact: true }).click();
  await waitUntil("it is reviewed", async () => (await ask("api/v1/events?reviewed=true")).events.length === 1);
  await page.getByRole("button", { name: "Mark unreviewed", exact: true }).waitFor();
  assert.deepEqual(changes, []);

  await select(own);
  await sees(page, "2 selected");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await waitUntil("it is saved", async () => (await ask(`api/v1/events/${OWN}`)).saved);
  assert.equal(changes.length, 1);
  assert.ok(changes[0].url.includes("12-00-00"));
  assert.deepEqual(await axeViolations(page), []);
});

test("the player shows what a store has, and offers nothing that changes it", async (t) => {
  const { owlery, ask } = await archive(t);
  for (const device of [{}, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]) {
    const page = await openPage(t, { extraHTTPHeaders: anna, ...device });
    const [changes, reviews] = [watchChanges(page), watchReviews(page)];
    await page.goto(owlery.url);
    await cards(page).nth(2).getByRole("link").click();
    await until(page, "its movie", (stage) => stage.screen?.currentTime > 0);
    const player = page.locator("owl-player");
    await player.getByText("only as a copy in nas").waitFor();
    await player.locator("owl-others button").waitFor(); // the store has that of the other camera too
    for (const name of ["Save from being deleted", "Delete"]) assert.equal(await player.getByRole("button", { name }).count(), 0, name);
    for (const key of ["s", "Delete", "?"]) await page.keyboard.press(key);
    await player.getByText("10 seconds back or forward").waitFor();
    assert.equal(await player.getByText("Save from being deleted").count(), 0);
    assert.deepEqual(await axeViolations(page), []);
    await page.keyboard.press("?");
    await player.getByRole("button", { name: "Reviewed", exact: true }).click();
    await waitUntil("it is said", () => reviews.length > 0);
    assert.deepEqual(changes, []);
    await show(page, OWN);
    await player.getByRole("button", { name: "Delete", exact: true }).waitFor();
  }
  assert.equal((await ask("api/v1/events")).events.length, 3);
});

test("a user of some cameras sees what the store has of them alone", async (t) => {
  const { owlery } = await archive(t);
  const page = await openPage(t, { extraHTTPHeaders: { "X-Forwarded-User": "bert" }, expects: [/status of 404/] });
  await page.goto(owlery.url);
  await cards(page).first().waitFor();
  assert.ok((await ids(page)).every((id) => id.startsWith("Camera1/")));
  await page.goto(`${owlery.url}?event=${encodeURIComponent(OTHER)}`);
  await sees(page, "There is no such event, or you may not see it.");
});
