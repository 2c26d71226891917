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
