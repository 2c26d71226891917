// What the page says of rules, in both languages: from the structure that the service sends, never its English sentences.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeBrowser, daysAgo, openPage, serve } from "./harness.mjs";

after(closeBrowser);

const SENTENCE = "a sentence of the service";
const FUTURE = "2096-01-02";
const OLDER = { kind: "older-than", days: 30, ended: daysAgo(1) };
/** All kinds of rules of `doc/http.md`. */
const RULES = [
  OLDER, { kind: "camera-over", camera: "Camera1", limit: 2e9, excess: 1e9 }, { kind: "archive-over", limit: 2e9, excess: 1e9 },
  { kind: "free-space-under", free: 1e9, wanted: 2e9, missing: 1e9 },
  ...["saved", "open", "restored", "floor", "wrong-date", "no-events", "not-copied", "deleted", "emptied", "whole-archive", "withheld"].map((kind) => ({ kind })),
  { kind: "without-copy", rule: { kind: "archive-over", limit: 2e9, excess: 1e9 } }, { kind: "in-place" }, { kind: "in-place", rule: OLDER },
  { kind: "put-back", interrupted: "pass" },
];

test("what is kept where the rules of cameras differ", async (t) => {
  const events = ["Camera1", "Camera2"].flatMap((camera) => [1, 2].map((back) => ({ camera, day: daysAgo(back), time: "10-00-00", frames: 1, movie: false })));
  const owlery = await serve(t, { events, flags: ["--keep-days", "30", "--keep-days", "Camera2=40"] });
  for (const [locale, use, all, one] of /** @type {const} */ ([
    ["en-GB", "Use", /^Each camera keeps the days of its own rule, about [\d.]+ .?B$/, "40 days are kept"],
    ["de-DE", "Belegung", /^Von jeder Kamera bleiben die Tage ihrer eigenen Regel, etwa [\d,]+ .?B$/, "40 Tage bleiben"],
  ])) {
    const page = await openPage(t, { locale });
    await page.goto(`${owlery.url}?view=storage`);
    const section = page.getByRole("region", { name: use });
    await section.getByText(all).waitFor();
    await section.getByText(one).waitFor();
    assert.doesNotMatch(await section.innerText(), /\b0 (days|Tage)/);
  }
});

test("the plan gives every reason in German", async (t) => {
  const owlery = await serve(t, { events: [{ day: daysAgo(1), time: "10-00-00", frames: 1, movie: false }], flags: ["--keep-days", "30"] });
  const page = await openPage(t, { locale: "de-DE" });
  await page.route("**/api/v1/retention", async (route) => {
    const response = await route.fetch();
    const retention = await response.json();
    retention.plan.items = RULES.map((rule, nth) => ({ camera: "Camera1", day: daysAgo(nth + 1), events: "all", count: 1, bytes: 1, reason: SENTENCE, rule }));
    await route.fulfill({ response, json: retention });
  });
  await page.goto(`${owlery.url}?view=storage`);
  const table = page.getByRole("region", { name: "Nächstes Aufräumen" }).getByRole("table");
  await table.getByText("die Aufnahmen belegen 1 GB mehr als 2 GB", { exact: true }).waitFor();
  assert.equal(await table.locator("tbody tr").count(), RULES.length);
  assert.doesNotMatch(await table.innerText(), new RegExp(SENTENCE));
});

test("the player says when an event expires", async (t) => {
  const owlery = await serve(t, { events: [{ day: daysAgo(1), time: "10-00-00", frames: 2, movie: false }] });
  const cases = /** @type {const} */ ([
    ["de-DE", { at: null, rule: null }, "nie, keine Regel löscht es"],
    ["de-DE", { at: FUTURE, rule: OLDER }, "Montag, 2. Januar 2096: älter als 30 Tage"],
    ["de-DE", { at: FUTURE, rule: RULES[1] }, "etwa Montag, 2. Januar 2096, wenn es so weitergeht: die ältesten Tage gehen, wenn die Kamera mehr als 2 GB belegt"],
    ["de-DE", { at: null, rule: RULES[2] }, "die ältesten Tage gehen, wenn die Aufnahmen mehr als 2 GB belegen"],
    ["de-DE", { at: null, rule: RULES[3] }, "die ältesten Tage gehen, wenn weniger als 2 GB des Datenträgers frei sind"],
    ["de-DE", { at: null, rule: { kind: "free-space-under", free: 0, wanted: 0, missing: 0 } }, "die ältesten Tage gehen, wenn zu wenig vom Datenträger frei ist"],
    ["en-GB", { at: daysAgo(0), rule: RULES[2] }, /^[^,]+day[^:]*: the oldest days go when the recordings take more than 2 GB$/],
    ["en-GB", { at: FUTURE, rule: RULES[3] }, /^about Monday,? 2 January 2096, at the present rate: the oldest days go when less than 2 GB of the disk are free$/],
  ]);
  for (const locale of ["de-DE", "en-GB"]) {
    const page = await openPage(t, { locale });
    let expires = {};
    await page.route("**/api/v1/events/Camera1/*/*", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), expires } });
    });
    for (const [, expiry, text] of cases.filter(([each]) => each === locale)) {
      expires = { ...expiry, reason: SENTENCE };
      await page.goto(`${owlery.url}?event=Camera1/${daysAgo(1)}/10-00-00`);
      await page.locator("owl-player dd").getByText(text, { exact: true }).waitFor({ timeout: 15_000 });
    }
  }
});
