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
