import assert from "node:assert/strict";
import { after, test } from "node:test";

import { axeViolations, closeBrowser, daysAgo, openPage, serve } from "./harness.mjs";

after(closeBrowser);

test("the views are links", async (t) => {
  const owlery = await serve(t, { events: [{ day: daysAgo(0), time: "00-00-01" }] });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).click();
  await page.waitForURL("**/?view=storage");
  assert.equal(await page.title(), "Storage – Owlery");
  await page.goBack();
  assert.equal(new URL(page.url()).search, "");
  assert.deepEqual(await axeViolations(page), []);
});

test("the page speaks German", async (t) => {
  const owlery = await serve(t);
  const page = await openPage(t, { locale: "de-DE" });
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Kalender" }).waitFor();
});

/** Each redraw once asked again for what had just failed. */
test("a part that cannot be loaded is asked for again, in turn", async (t) => {
  const owlery = await serve(t, { events: [{ day: daysAgo(1), time: "10-00-00" }] });
  const page = await openPage(t, { expects: [/ERR_FAILED/, /Failed to load/] });
  let asked = 0;
  await page.route(/parts\/storage-/, (route) => (++asked < 3 ? route.abort() : route.fallback()));
  await page.goto(owlery.url);
  const begun = Date.now();
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByText("A part of the page cannot be loaded").waitFor();
  await page.getByRole("region", { name: "Rules" }).waitFor();
  assert.equal(asked, 3);
  assert.ok(Date.now() - begun >= 6000, "it waits between two attempts");
});

test("what a user may do is offered also when it is known late", async (t) => {
  const owlery = await serve(t, { events: [{ day: daysAgo(1), time: "10-00-00", frames: 1, movie: false }] });
  for (const [view, late] of [["day", "owl-card .star"], ["live", "text=--live"]]) {
    const page = await openPage(t);
    let release = () => {};
    const held = new Promise((done) => { release = () => done(undefined); });
    await page.route("**/api/v1/me", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${owlery.url}?view=${view}`);
    await page.locator(view === "day" ? "owl-card a" : "owl-tile a").first().waitFor();
    assert.equal(await page.locator(late).count(), 0);
    release();
    await page.locator(late).first().waitFor({ state: "attached" });
  }
});
