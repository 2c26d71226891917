import assert from "node:assert/strict";
import { readFileSync, utimesSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";

import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";

/** @type {(() => void)[]} what ends after all tests: a page that is still open would miss it */
const ends = [];
after(async () => {
  await closeBrowser();
  for (const end of ends) end();
});

const HOSTILE = `Camera<b>&"'%2F ü`;
const PICTURE = readFileSync(new URL("../images/missing.jpg", import.meta.url));

/** Motion's stream of a camera: ten pictures a second until it is silent, or gone. */
async function motion() {
  const state = { isSilent: false, clients: 0, url: "", /** Ends its streams, and takes no others until `back`. */ leave: () => {}, back: () => {} };
  /** @type {Set<import("node:http").ServerResponse>} */
  const streams = new Set();
  let isAway = false;
  const server = createServer((request, response) => {
    if (isAway) return void request.socket.destroy();
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=BoundaryString" });
    streams.add(response);
    state.clients++;
    const timer = setInterval(() => {
      if (state.isSilent) return;
      response.write(`--BoundaryString\r\nContent-type: image/jpeg\r\nContent-Length: ${PICTURE.length}\r\n\r\n`);
      response.write(PICTURE);
      response.write("\r\n");
    }, 100);
    response.on("close", () => {
      clearInterval(timer);
      streams.delete(response);
      state.clients--;
    });
  });
  state.leave = () => {
    isAway = true;
    for (const response of streams) response.destroy();
  };
  state.back = () => { isAway = false; };
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  ends.push(() => {
    state.leave();
    server.close();
    server.closeAllConnections();
  });
  state.url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/`;
  return state;
}

/** A camera for each name, with an event. @param {string[]} cameras @param {number} [ago] days */
const events = (cameras, ago = 1) => cameras.map((camera) => ({ camera, day: daysAgo(ago), time: "00-00-01", frames: 1, movie: false }));

/** The tile of a camera. @param {import("playwright-core").Page} page @param {string} camera */
const tile = (page, camera) => page.locator("owl-tile").filter({ has: page.getByRole("heading", { name: camera, exact: true }) });

/** Whether a tile shows a picture. @param {import("playwright-core").Page} page @param {string} camera */
const shows = async (page, camera) => {
  const canvas = tile(page, camera).locator("canvas");
  return (await canvas.count()) === 1 && (await canvas.evaluate((canvas) => /** @type {any} */ (canvas).width)) !== 300; // 300 is that of an empty one
};

test("a wall of cameras, one alone, and back", async (t) => {
  const camera = await motion();
  const names = ["Camera1", "Camera2", HOSTILE];
  const owlery = await serve(t, { events: events(names), flags: names.flatMap((name) => ["--live", `${name}=${camera.url}`]) });
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await openPage(t, { colorScheme });
    await page.goto(`${owlery.url}?view=live`);
    for (const name of names) await waitUntil(`a picture of ${name}`, () => shows(page, name));
    await tile(page, HOSTILE).getByRole("link", { name: /^newest: / }).waitFor();
    assert.equal(await page.getByText("No picture").count(), 0);
    assert.deepEqual(await axeViolations(page), []);
    await tile(page, HOSTILE).getByRole("link", { name: `${HOSTILE}, live` }).press("Enter");
    await waitUntil("it alone", async () => (await page.locator("owl-tile").count()) === 1 && (await shows(page, HOSTILE)));
    assert.equal(new URL(page.url()).searchParams.get("cameras"), HOSTILE);
    await page.getByRole("button", { name: "Full screen" }).press("Enter");
    await waitUntil("the full screen", () => page.evaluate(() => document.fullscreenElement !== null));
    await page.evaluate(() => document.exitFullscreen());
    await page.goBack();
    await waitUntil("all of them", async () => (await page.locator("owl-tile").count()) === 3 && (await shows(page, "Camera1")));
    await tile(page, "Camera2").getByRole("link", { name: "its day" }).click();
    await waitUntil("its day", () => new URL(page.url()).search === `?day=${daysAgo(1)}&cameras=Camera2`);
    await waitUntil("no stream any more", () => camera.clients === 0);
  }
});

test("an outage is said within two seconds, and over when pictures come", async (t) => {
  const camera = await motion();
  const owlery = await serve(t, { events: events(["Camera1"]), flags: ["--live", `Camera1=${camera.url}`] });
  const page = await openPage(t, { expects: [/status of 50[23]/, /ERR_INCOMPLETE_CHUNKED/] });
  await page.goto(`${owlery.url}?view=live`);
  await waitUntil("a picture", () => shows(page, "Camera1"));
  const status = tile(page, "Camera1").getByRole("status");
  // Measured in the page, where nothing else waits: from the last picture to the text.
  await page.evaluate(() => {
    const root = /** @type {any} */ (document.querySelector("owl-app")).shadowRoot.querySelector("owl-live").shadowRoot.querySelector("owl-tile");
    const draw = root.draw;
    Object.assign(window, { last: performance.now(), said: 0 });
    root.draw = (/** @type {ImageBitmap} */ bitmap) => { Object.assign(window, { last: performance.now() }); draw.call(root, bitmap); };
    new MutationObserver(() => {
      if (root.shadowRoot.querySelector("[role=status] p") && !Reflect.get(window, "said")) Object.assign(window, { said: performance.now() - Reflect.get(window, "last") });
    }).observe(root.shadowRoot, { subtree: true, childList: true });
  });
  camera.isSilent = true;
  await status.getByText(/^No picture since \d\d:\d\d:\d\d/).waitFor();
  const said = await page.evaluate(() => Reflect.get(window, "said"));
  assert.ok(said > 1000 && said < 3000, `said after ${said} ms`); // 2 s, and some for a loaded machine
  assert.deepEqual(await axeViolations(page), []);
  camera.isSilent = false;
  await waitUntil("pictures again", async () => (await status.innerText()) === "");
  camera.leave();
  await status.getByText(/^No picture since/).waitFor();
  camera.back();
  await waitUntil("pictures again", async () => (await status.innerText()) === "");
});

test("single pictures where the stream fails, and why there are none", async (t) => {
  const owlery = await serve(t, { events: events(["Camera1", "Camera2"]) });
  const page = await openPage(t, { expects: [/status of 50[023]/] });
  await page.route("**/api/v1/cameras", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    for (const camera of json.cameras) camera.live = true;
    await route.fulfill({ response, json });
  });
  await page.route(/\/live\/Camera1$/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: `{"detail":"too many"}` }));
  let singles = 0;
  await page.route(/\/live\/Camera1\/still\.jpg$/, (route) => {
    singles++;
    return route.fulfill({ contentType: "image/jpeg", body: PICTURE });
  });
  await page.route(/\/live\/Camera2/, (route) => route.fulfill({ status: 502, contentType: "application/problem+json", body: `{"detail":"it is no camera"}` }));
  await page.goto(`${owlery.url}?view=live`);
  await waitUntil("single pictures", async () => singles > 2 && (await shows(page, "Camera1")));
  await tile(page, "Camera2").getByText("No picture yet: it is no camera").waitFor();
});

test("more than four cameras are single pictures, by pages", async (t) => {
  const camera = await motion();
  const names = Array.from({ length: 11 }, (_, nth) => `Camera${String(nth + 1).padStart(2, "0")}`);
  const owlery = await serve(t, { events: events(names), flags: names.flatMap((name) => ["--live", `${name}=${camera.url}`]) });
  const page = await openPage(t);
  /** @type {string[]} */
  const streams = [];
  page.on("request", (request) => { if (/^\/live\/[^/]+$/.test(new URL(request.url()).pathname)) streams.push(request.url()); });
  await page.goto(`${owlery.url}?view=live`);
  for (const name of names.filter((name) => name <= "Camera09" && name !== "Camera1")) await waitUntil(`a picture of ${name}`, () => shows(page, name));
  assert.equal(streams.length, 0);
  assert.deepEqual(await axeViolations(page), []);
  await page.getByRole("button", { name: "More cameras" }).click();
  await waitUntil("the last", () => shows(page, "Camera11"));
  await page.getByRole("button", { name: "4", exact: true }).click();
  await page.getByText("3 of 3").waitFor();
  await page.getByRole("button", { name: "Cameras before" }).click();
  for (const name of ["Camera05", "Camera08"]) await waitUntil(`a picture of ${name}`, () => shows(page, name));
  assert.ok(streams.length >= 4);
  assert.match(page.url(), /[?&]wall=4&page=1$/);
  await page.reload();
  await page.getByText("2 of 3").waitFor();
});

test("a camera that records has a badge, and one without a stream its newest event and what to do", async (t) => {
  const owlery = await serve(t, { events: events(["Camera1", "Camera2"]), config: USERS });
  for (const [name, what] of [["anna", /Start Owlery with --motion-conf/], ["bert", /There are no live pictures/]]) {
    const page = await openPage(t, { expects: [/status of 401/], viewport: { width: 390, height: 844 } });
    await page.goto(`${owlery.url}?view=live`);
    await signIn(page, String(name));
    await tile(page, "Camera1").getByText(what).waitFor();
    await tile(page, "Camera1").getByRole("img", { name: "The newest event of Camera1" }).waitFor();
    assert.equal(await tile(page, "Camera2").count(), name === "anna" ? 1 : 0);
    assert.deepEqual(await axeViolations(page), []);
    if (name !== "anna") continue;
    assert.equal(await page.getByText("recording", { exact: true }).count(), 0);
    const now = new Date();
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, "0")).join("-");
    owlery.add({ day: daysAgo(0), time, seconds: 0, frames: 1, movie: false });
    const folder = join(owlery.root, "Camera1", daysAgo(0), time);
    const writes = setInterval(() => utimesSync(folder, new Date(), new Date()), 500); // so that it stays open
    t.after(() => clearInterval(writes));
    await tile(page, "Camera1").getByText("recording", { exact: true }).waitFor();
    clearInterval(writes);
    await tile(page, "Camera1").getByRole("link", { name: /newest: \d\d:\d\d/ }).click();
    await waitUntil("the player", () => new URL(page.url()).searchParams.get("event") === `Camera1/${daysAgo(0)}/${time}`);
  }
});

test("the service goes away and comes back", async (t) => {
  const camera = await motion();
  const owlery = await serve(t, { events: events(["Camera1"]), flags: ["--live", `Camera1=${camera.url}`] });
  const page = await openPage(t, { locale: "de-DE", viewport: { width: 390, height: 844 }, expects: [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|network error/] });
  await page.goto(`${owlery.url}?view=live`);
  await waitUntil("a picture", () => shows(page, "Camera1"));
  await owlery.stop();
  const status = tile(page, "Camera1").getByRole("status");
  await status.getByText(/^Kein Bild seit/).waitFor();
  await owlery.start();
  await waitUntil("pictures again", async () => (await status.innerText()) === "");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false);
});

test("nothing is loaded while the page is hidden", async (t) => {
  const camera = await motion();
  const owlery = await serve(t, { events: events(["Camera1"]), flags: ["--live", `Camera1=${camera.url}`] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?view=live`);
  await waitUntil("a picture", () => shows(page, "Camera1"));
  const hide = (/** @type {boolean} */ isHidden) => page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
  await hide(true);
  await waitUntil("no stream", () => camera.clients === 0);
  await hide(false);
  await waitUntil("a stream", () => camera.clients === 1);
});
