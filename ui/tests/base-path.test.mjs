// The page below a path of another application: a proxy passes the path on, or removes it and names it in a header. Nothing may be asked for
// outside of that path.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, utimesSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";

import { cards, ids, pictures } from "./day.mjs";
import { USERS, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";
import { until, untilShown } from "./opened.mjs";
import { picture } from "./recordings.mjs";
import { changeable, follow, press, sees, type } from "./states.mjs";

/** @type {(() => void)[]} */
const ends = [];
after(async () => {
  await closeBrowser();
  for (const end of ends) end();
});

const [BASE, DAY, HOSTILE] = ["/my/owlery/", daysAgo(1), `Camera<b>&"'%2F ü`];
const id = (/** @type {string} */ time, camera = "Camera1") => `${camera}/${DAY}/${time}`;
const EVENTS = [
  { day: DAY, time: "10-00-00", seconds: 20 }, { day: DAY, time: "10-00-04", seconds: 20, camera: HOSTILE },
  { day: DAY, time: "12-00-00", movie: false },
];

/** A proxy that removes the path and names it; returns its address. @param {string} url of the service */
async function proxy(url) {
  const server = createServer((asked, response) => {
    const path = asked.url?.startsWith(BASE) ? asked.url.slice(BASE.length - 1) : `${asked.url}/` === BASE ? "/" : null;
    if (path === null) return void response.writeHead(404).end();
    const headers = { ...asked.headers, "X-Forwarded-Prefix": BASE.slice(0, -1) };
    const passed = request(new URL(path, url), { method: asked.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  ends.push(() => { server.close(); server.closeAllConnections(); });
  return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

/** The requests of a page that leave the path. @param {import("playwright-core").Page} page */
function watch(page) {
  /** @type {string[]} */
  const outside = [];
  page.on("request", (request) => {
    const { pathname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && !pathname.startsWith(BASE) && `${pathname}/` !== BASE) outside.push(request.url());
  });
  return outside;
}

for (const isRemoved of [false, true]) {
  test(`every view works below a path that the proxy ${isRemoved ? "removes" : "passes on"}`, async (t) => {
    const live = ["--live", "Camera1=http://127.0.0.1:9/"];
    const owlery = await serve(t, { events: EVENTS, flags: [...(isRemoved ? [] : ["--base-path", BASE]), ...live, "--keep-days", "30"] });
    const origin = isRemoved ? await proxy(owlery.url) : owlery.url.slice(0, -1);
    const page = await openPage(t, { base: BASE, expects: [/status of 50[23]/], reducedMotion: "reduce" });
    const outside = watch(page);
    await page.goto(origin + BASE.slice(0, -1));
    await pictures(page);
    const links = await page.locator("link[href], script[src]").evaluateAll((/** @type {any[]} */ all) => all.map(({ href, src }) => href || src));
    const isThere = (/** @type {string} */ link) => page.evaluate(async (link) => (await fetch(link, { method: "HEAD" })).ok, link);
    for (const link of links) assert.ok(link.startsWith(origin + BASE) && (await isThere(link)), link);
    await cards(page).first().hover();
    await page.locator("owl-card .tile").waitFor();

    // The player, of a hostile camera too, with its address.
    await page.goto(`${origin}${BASE}?cameras=${encodeURIComponent(HOSTILE)}`);
    await cards(page).first().getByRole("link").click();
    await untilShown(page, id("10-00-04", HOSTILE));
    assert.equal(new URL(page.url()).pathname, BASE);
    await until(page, "its movie", (stage) => stage.screen instanceof HTMLVideoElement && stage.isShown);
    await page.locator("owl-others button").click();
    await untilShown(page, id("10-00-00"));
    await until(page, "the other movie", (stage) => stage.event.camera === "Camera1" && stage.isShown);
    for (const name of ["Movie", "All files"]) {
      const link = await page.locator("owl-player").getByRole("link", { name }).evaluate((/** @type {any} */ link) => link.href);
      assert.ok(link.startsWith(origin + BASE) && (await isThere(link)), link);
    }
    await page.reload();
    await until(page, "the same", (stage) => stage.event.camera === "Camera1" && stage.isShown);
    await page.goBack();
    await page.locator("owl-player").waitFor({ state: "detached" });
    await page.goto(`${origin}${BASE}?event=${id("12-00-00")}`);
    await until(page, "frames", (stage) => stage.screen?.frames?.length === 3 && stage.isShown);

    await page.goto(origin + BASE);
    await press(page, "Region");
    await page.locator("owl-region img").waitFor();
    await page.keyboard.press("Escape");
    await type(changeable(page).first(), "s");
    await waitUntil("it is saved", async () => (await owlery.json(`api/v1/events/${id("12-00-00")}`)).saved);
    await type(changeable(page).first(), "Delete");
    await press(page, "Undo");
    await waitUntil("it is back", async () => (await ids(page)).length === 3);
    owlery.add({ day: DAY, time: "13-00-00" }); // the stream
    await waitUntil("it appears", async () => (await ids(page)).length === 4);

    await follow(page, "Live");
    await sees(page, /^No picture yet/);
    await follow(page, "Storage");
    await sees(page, "Camera1");
    await press(page, "Clean up now");
    await page.getByRole("alert").filter({ hasText: "Nothing had to be deleted." }).waitFor();
    await follow(page, "Calendar");
    await page.locator(`a[data-day="${DAY}"]`).click();
    await page.waitForURL(`${origin}${BASE}?day=${DAY}`);
    await page.getByRole("link", { name: "Owlery" }).click();
    await page.waitForURL(origin + BASE);
    assert.deepEqual(outside, []);
  });

  test(`users sign in and out below a path that the proxy ${isRemoved ? "removes" : "passes on"}`, async (t) => {
    const owlery = await serve(t, { events: EVENTS, config: USERS, flags: isRemoved ? [] : ["--base-path", BASE] });
    const origin = isRemoved ? await proxy(owlery.url) : owlery.url.slice(0, -1);
    const page = await openPage(t, { base: BASE, expects: [/status of 401/] });
    const outside = watch(page);
    const search = `?event=${id("10-00-00")}`;
    await page.goto(origin + BASE + search);
    await page.waitForURL(`${origin}${BASE}login?**`);
    await signIn(page, "bert");
    await page.waitForURL(origin + BASE + search);
    await until(page, "its movie", (stage) => stage.isShown);
    assert.equal((await page.context().cookies(origin + BASE))[0].path, BASE.slice(0, -1));
    assert.equal(await page.evaluate(async () => (await fetch("logout", { method: "POST" })).status), 204);
    await page.keyboard.press("r"); // is refused: the session has ended
    await page.waitForURL(`${origin}${BASE}login?**`);
    await signIn(page, "anna");
    await page.waitForURL(origin + BASE + search);
    await until(page, "its movie again", (stage) => stage.isShown);
    await page.keyboard.press("Escape");
    await press(page, "Sign out");
    await page.waitForURL(`${origin}${BASE}login`);
    assert.deepEqual(outside, []);
  });
}

test("pictures without an event are shown below a path", async (t) => {
  const owlery = await serve(t, { flags: ["--layout", "%Y-%m-%d/%H-%M-%S", "--base-path", BASE], prepare: (root) => {
    const folder = join(root, HOSTILE, DAY);
    mkdirSync(folder, { recursive: true });
    copyFileSync(picture(1), join(folder, "15-00-00.jpg"));
    for (const each of [join(folder, "15-00-00.jpg"), folder]) utimesSync(each, new Date(`${DAY}T16:00:00`), new Date(`${DAY}T16:00:00`));
  } });
  const page = await openPage(t, { base: BASE });
  const outside = watch(page);
  await page.goto(owlery.url.slice(0, -1) + BASE);
  await page.getByRole("link", { name: /^1 file without an event/ }).click();
  const isShown = (/** @type {string} */ selector) => waitUntil(selector, () => (
    page.locator(selector).evaluateAll((/** @type {any[]} */ all) => all[0]?.naturalWidth > 0)));
  await isShown("owl-pictures .tile img");
  await page.locator("owl-pictures .tile").click();
  await isShown("owl-whole img");
  assert.equal(new URL(page.url()).pathname, BASE);
  await page.reload();
  await isShown("owl-whole img");
  assert.deepEqual(outside, []);
});
