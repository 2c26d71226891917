import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PASSWORD, USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

after(closeBrowser);

const EVENTS = [{ day: daysAgo(1), time: "10-04-36" }, { camera: "Camera2", day: daysAgo(1), time: "11-00-00" }];

test("a user signs in and out", async (t) => {
  const owlery = await serve(t, { events: EVENTS, config: USERS });
  const page = await openPage(t, { expects: [/401/] });
  await page.goto(owlery.url);
  await page.waitForURL("**/login");
  assert.deepEqual(await axeViolations(page), []);
  await signIn(page, "anna", "wrong");
  await page.getByText("Wrong name or password.").waitFor();
  await signIn(page, "anna");
  await page.getByText("anna", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), "", "no script sees it");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login");
  await page.goto(`${owlery.url}?cameras=Camera2`);
  await page.waitForURL("**/login?**");
  await signIn(page, "anna");
  await page.waitForURL(`${owlery.url}?cameras=Camera2`);
});

test("an ended session leads to the login", async (t) => {
  const owlery = await serve(t, { events: EVENTS, config: USERS });
  const page = await openPage(t, { expects: [/401/] });
  await page.goto(owlery.url);
  await signIn(page, "vera");
  await page.getByText("vera", { exact: true }).waitFor();
  assert.equal(await page.evaluate(async () => (await fetch("logout", { method: "POST" })).status), 204);
  await page.waitForURL("**/login");
});

test("signing out ends the session in all tabs, and another user sees nothing of it", async (t) => {
  const owlery = await serve(t, { events: EVENTS, config: USERS });
  const page = await openPage(t, { expects: [/401/] });
  await page.goto(owlery.url);
  await signIn(page, "anna");
  await page.getByText("anna", { exact: true }).waitFor();
  const other = await page.context().newPage();
  await other.goto(owlery.url);
  await other.getByText("anna", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL("**/login**");
  await signIn(page, "anna");
  await other.goto(owlery.url);
  await other.getByText("anna", { exact: true }).waitFor();
  // Without the page: by another program in the same browser.
  const request = page.context().request;
  await request.post(`${owlery.url}logout`);
  await request.post(`${owlery.url}login`, { form: { name: "bert", password: PASSWORD } });
  // Between the two requests the page may have gone to the login.
  await waitUntil("nothing of anna", async () => new URL(other.url()).pathname === "/login" || (await other.getByText("bert", { exact: true }).count()) === 1);
});

test("the service is missed and comes back", async (t) => {
  const owlery = await serve(t, { events: EVENTS });
  const page = await openPage(t, { expects: [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503/] });
  await page.goto(owlery.url);
  await page.locator("owl-day").waitFor({ state: "attached" });
  await owlery.stop();
  await page.getByText("The page goes on when it can").waitFor({ timeout: 5000 });
  await owlery.start();
  await page.getByText("The page goes on when it can").waitFor({ state: "detached" });
});

test("a service that does not respond is told", async (t) => {
  const owlery = await serve(t, { events: EVENTS });
  const page = await openPage(t);
  let release = () => {};
  const held = new Promise((done) => { release = () => done(undefined); });
  t.after(release);
  await page.route("**/api/v1/cameras", async (route) => {
    await held;
    await route.continue().catch(() => {}); // it was given up
  }, { times: 1 });
  await page.goto(owlery.url);
  await page.getByText("The service does not respond.").waitFor();
  await page.locator("owl-card").first().waitFor();
  await page.getByText("The service does not respond.").waitFor({ state: "detached" });
});

test("an alert is told above every view", async (t) => {
  const owlery = await serve(t, { events: EVENTS });
  const page = await openPage(t);
  await page.route("**/readyz", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), alerts: ["the disk is full"] } });
  });
  for (const view of ["", "?view=calendar", "?view=storage"]) {
    await page.goto(owlery.url + view);
    await page.getByRole("alert").filter({ hasText: "the disk is full" }).waitFor();
  }
  await waitUntil("no link to itself", async () => (await page.getByRole("alert").getByRole("link").count()) === 0);
});
