import assert from "node:assert/strict";
import { after, test } from "node:test";

import { axeViolations, closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";
import { ask, assertClosed, show, shownId, timeShow, until, untilShown, watchReviews } from "./opened.mjs";
import { avi, movie, putMovie } from "./recordings.mjs";

after(closeBrowser);

const DAY = daysAgo(1);
const CAMERA = `Camera<b>&"'%2F ü`;
const HASH = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";
const PASSWORD = "correct horse & battery = staple";
const id = (/** @type {string} */ time, camera = "Camera1") => `${camera}/${DAY}/${time}`;
const plays = (/** @type {any} */ stage) => stage.screen instanceof HTMLVideoElement && stage.screen.currentTime > 0 && !stage.isPaused;
/** @param {import("playwright-core").Page} page */
const playerOf = (page) => page.locator("owl-player");
const atFrame = (/** @type {any} */ stage) => stage.screen?.seeking === false && stage.screen.currentTime;
/** Movies that are none, and what the service says of them. */
const BROKEN = [/Failed to load resource/];

/** An event of a minute. @param {string} root @param {string} event */
const long = (root, event) => putMovie(root, event, movie(60));

test("an event plays, and what one opened is left by Back, Escape and ×", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00", seconds: 60 }], prepare: (root) => long(root, id("10-00-00")) });
  const page = await openPage(t);
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await show(page, id("10-00-00"));
  await until(page, "it plays", plays);
  const { muted, inline, poster, wall, vague } = /** @type {any} */ (await ask(page, (stage) => ({
    muted: stage.screen.muted, inline: stage.screen.playsInline, poster: stage.screen.poster, wall: stage.wall, vague: stage.isVague,
  })));
  assert.ok(muted && inline && poster.endsWith("/thumbnail?w=640"), poster);
  assert.ok(!vague && Math.abs(wall - Date.parse(`${DAY}T10:00:00Z`)) < 20_000, String(wall));
  const { width } = /** @type {DOMRect} */ (await page.locator("owl-player video").boundingBox());
  assert.ok(width >= 640, `${width}`);
  assert.deepEqual(await axeViolations(page), []);
  await ask(page, (stage) => { stage.screen.isMarked = true; });
  await owlery.json(`api/v1/events/${id("10-00-00")}/saved`, { method: "PUT" });
  await playerOf(page).getByRole("button", { name: "Save from being deleted", pressed: true }).waitFor();
  assert.equal(await ask(page, (stage) => stage.screen.isMarked && !stage.isPaused), true, "a change does not stop the movie");
  await page.goBack();
  await assertClosed(page);

  // The module is here now: from the click to the first frame.
  const took = await timeShow(page, id("10-00-00"));
  t.diagnostic(`first frame: ${Math.round(took)} ms`);
  await page.keyboard.press("Escape");
  await assertClosed(page);
  await show(page, id("10-00-00"));
  await playerOf(page).getByRole("button", { name: "Close" }).click();
  await assertClosed(page);
  await page.goto(`${owlery.url}?unreviewed=1&event=${id("10-00-00")}&at=${DAY}T10:00:30`);
  await until(page, "it plays from that moment on", (stage) => stage.screen?.currentTime >= 29.9);
  await page.keyboard.press("r");
  await playerOf(page).getByRole("button", { name: "Reviewed", pressed: true }).waitFor();
  await page.keyboard.press("Escape");
  await assertClosed(page);
});

test("keys work wherever the focus is", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00", seconds: 60 }], prepare: (root) => long(root, id("10-00-00")) });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
  await until(page, "it plays, so that the distance of frames is known", (stage) => stage.screen instanceof HTMLVideoElement && stage.screen.currentTime > 1);
  await page.keyboard.press("Space");
  await until(page, "it pauses", (stage) => stage.isPaused);
  const places = [
    page.locator("owl-player dialog"), playerOf(page).getByRole("button", { name: "Next event" }), playerOf(page).getByRole("button", { name: "Full screen" }),
    playerOf(page).getByRole("slider"), playerOf(page).getByRole("link", { name: "All files" }),
  ];
  for (const place of places) {
    await place.focus();
    const before = Number(await ask(page, (stage) => stage.screen.currentTime));
    await page.keyboard.press("ArrowRight");
    await waitUntil("ten seconds on", async () => Math.abs(Number(await ask(page, atFrame)) - before - 10) < 0.2);
    await page.keyboard.press("ArrowLeft");
    await waitUntil("and back", async () => Math.abs(Number(await ask(page, atFrame)) - before) < 0.2);
    await page.keyboard.press(".");
    await waitUntil("a frame on", async () => { const now = Number(await ask(page, atFrame)); return now > before && now - before < 0.3; });
    await page.keyboard.press(",");
    await waitUntil("and back", async () => Math.abs(Number(await ask(page, atFrame)) - before) < 0.02);
    await page.keyboard.press("m");
    await until(page, "sound", (stage) => stage.screen.muted === false);
    await page.keyboard.press("m");
    await until(page, "none", (stage) => stage.screen.muted);
  }
  await playerOf(page).getByRole("combobox", { name: "Speed" }).focus();
  await page.keyboard.press("m");
  assert.equal(await ask(page, (stage) => stage.screen.muted), true, "a field has its own keys");
  await playerOf(page).getByRole("combobox", { name: "Speed" }).selectOption("16");
  await page.locator("owl-player dialog").focus();
  await page.keyboard.press("Space");
  await until(page, "it plays fast", (stage) => !stage.isPaused && stage.screen.playbackRate === 16);
  await page.keyboard.press("Space");

  // Zoom, help and full screen are left one after the other, and only then the player.
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await until(page, "zoomed", (stage) => stage.zoom.scale > 1.5 && stage.screen.style.transform.includes("scale"));
  await page.keyboard.press("0");
  await until(page, "not any more", (stage) => stage.zoom.scale === 1 && stage.screen.style.transform === "");
  await page.locator("owl-player video").dblclick();
  await until(page, "zoomed by a double click", (stage) => stage.zoom.scale === 2.5);
  await page.keyboard.press("?");
  await page.getByText("One frame back or forward").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Escape");
  await page.getByText("One frame back or forward").waitFor({ state: "detached" });
  assert.equal(await ask(page, (stage) => stage.zoom.scale), 2.5);
  await page.keyboard.press("Escape");
  await until(page, "the whole picture", (stage) => stage.zoom.scale === 1);
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement === null);
  assert.equal(shownId(page), id("10-00-00"));
});

test("n and p go to other events under the filters, and Back still closes", async (t) => {
  const events = ["01-00-00", "10-00-00", "10-20-00", "23-00-00"].map((time) => ({ day: DAY, time }));
  const owlery = await serve(t, { events: [...events, { day: DAY, time: "10-10-00", camera: CAMERA }, { day: daysAgo(9), time: "10-00-00" }] });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?cameras=Camera1`);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await show(page, id("10-00-00"));
  await page.locator("owl-stage").waitFor();
  await page.keyboard.press("n");
  await untilShown(page, id("10-20-00"));
  await page.keyboard.press("n");
  await untilShown(page, id("23-00-00"));
  await page.keyboard.press("n");
  await page.getByText("There is no later event.").waitFor();
  for (const before of [id("10-20-00"), id("10-00-00"), id("01-00-00"), `Camera1/${daysAgo(9)}/10-00-00`]) {
    await page.keyboard.press("p");
    await untilShown(page, before);
  }
  await playerOf(page).getByRole("button", { name: "Next event" }).click();
  await untilShown(page, id("01-00-00"));
  await page.goBack();
  await assertClosed(page);
  assert.equal(new URL(page.url()).search, "?cameras=Camera1");
});

test("what is watched to its end is reviewed, the next one follows, and a broken movie is skipped and said", async (t) => {
  const owlery = await serve(t, { events: [
    { day: DAY, time: "10-00-00", seconds: 2 }, { day: DAY, time: "10-01-00", isBroken: true }, { day: DAY, time: "10-02-00", seconds: 2 },
    { day: DAY, time: "10-03-00", movie: false },
  ] });
  const page = await openPage(t, { expects: BROKEN });
  const reviewed = watchReviews(page);
  await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
  await playerOf(page).getByRole("button", { name: "Play on" }).click();
  await until(page, "the first", (stage) => stage.event?.id.endsWith("10-00-00") && stage.isShown);
  const gap = page.locator("owl-stage").evaluate((/** @type {any} */ stage) => new Promise((done) => {
    stage.addEventListener("ended", () => {
      const end = performance.now();
      const look = () => (stage.screen !== null && !stage.screen.ended && stage.screen.currentTime > 0 ? done(performance.now() - end) : setTimeout(look, 5));
      setTimeout(look, 1);
    }, { once: true });
  }));
  await untilShown(page, id("10-02-00"));
  t.diagnostic(`gap: ${Math.round(await gap)} ms`);
  await page.getByText("1 event that cannot be played was skipped").waitFor();
  await untilShown(page, id("10-03-00"));
  await until(page, "its frames", (stage) => stage.screen?.frames?.length === 3);
  await waitUntil("all were reviewed", () => reviewed.length === 3);
  assert.deepEqual(reviewed.map(({ events }) => events[0].slice(-8)), ["10-00-00", "10-02-00", "10-03-00"]);
  await playerOf(page).getByRole("button", { name: "Reviewed", pressed: true }).waitFor();
  await page.keyboard.press("r");
  await waitUntil("it is taken back", async () => !(await owlery.json(`api/v1/events/${id("10-03-00")}`)).reviewed);
});

test("save and delete show at once, can be undone, and are taken back when they fail", async (t) => {
  const owlery = await serve(t, { flags: ["--keep-days", "45"], events: [{ day: DAY, time: "10-00-00" }, { day: DAY, time: "10-01-00" }] });
  const page = await openPage(t, { expects: [/500/] });
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await show(page, id("10-00-00"));
  await playerOf(page).getByText(/: older than 45 days$/).waitFor();
  const star = playerOf(page).getByRole("button", { name: "Save from being deleted" });
  await star.click();
  await playerOf(page).getByRole("button", { name: "Save from being deleted", pressed: true }).waitFor();
  await waitUntil("it is saved", async () => (await owlery.json(`api/v1/events/${id("10-00-00")}`)).saved);
  await playerOf(page).getByText("never, it is saved").waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("The event is saved, so it is not deleted.").waitFor();
  await page.route("**/saved", (route) => route.fulfill({ status: 500, json: { detail: "the disk is full" } }));
  await page.keyboard.press("s");
  await page.getByText("the disk is full").waitFor();
  await playerOf(page).getByRole("button", { name: "Save from being deleted", pressed: true }).waitFor();
  await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
  await page.unroute("**/saved");
  await page.keyboard.press("s");
  await waitUntil("it is not saved", async () => !(await owlery.json(`api/v1/events/${id("10-00-00")}`)).saved);

  await playerOf(page).getByRole("button", { name: "Delete", exact: true }).click();
  await untilShown(page, id("10-01-00"));
  await waitUntil("it is gone", async () => (await owlery.json("api/v1/events")).events.length === 1);
  await page.getByRole("button", { name: "Undo" }).click();
  await waitUntil("it is back", async () => (await owlery.json("api/v1/events")).events.length === 2);
  await page.keyboard.press("p");
  await untilShown(page, id("10-00-00"));
});

test("a viewer looks, and changes nothing", async (t) => {
  const config = `[users]\nbert = { password = "${HASH}", cameras = ["Camera1"] }\nanna = { password = "${HASH}", role = "admin" }\n`;
  const events = [{ day: DAY, time: "10-00-00", seconds: 20 }, { day: DAY, time: "10-00-02", seconds: 20, camera: "Camera2" }];
  const owlery = await serve(t, { config, events });
  const page = await openPage(t, { expects: [/404/] });
  await page.goto(`${owlery.url}login?next=${encodeURIComponent(`/?event=${id("10-00-00")}`)}`);
  await page.locator("#name").fill("bert");
  await page.locator("#password").fill(PASSWORD);
  await page.locator("button").click();
  await page.waitForURL("**/?event=**");
  await until(page, "it plays", plays);
  await playerOf(page).getByRole("button", { name: "Reviewed" }).waitFor();
  for (const name of ["Save from being deleted", "Delete"]) assert.equal(await playerOf(page).getByRole("button", { name }).count(), 0, name);
  const asked = [];
  page.on("request", (request) => { if (request.method() !== "GET") asked.push(request.url()); });
  for (const key of ["s", "Delete", "?"]) await page.keyboard.press(key);
  await page.getByText("10 seconds back or forward").waitFor();
  assert.equal(await page.getByText("Save from being deleted").count(), 0);
  assert.equal(await page.locator("owl-others button").count(), 0, "of cameras that are not his");
  assert.deepEqual(asked, []);
  await page.goto(`${owlery.url}?event=${id("10-00-02", "Camera2")}`);
  await page.getByText("There is no such event, or you may not see it.").waitFor();
  await assertClosed(page);
});

test("what browsers do not play is made for them, and every movie can be chosen", async (t) => {
  const owlery = await serve(t, {
    events: [{ day: DAY, time: "10-00-00", movie: false }, { day: DAY, time: "10-01-00" }],
    prepare: (root) => {
      putMovie(root, id("10-00-00"), avi(), "video.avi");
      for (const name of ["videom.mp4", "10-01-01.mp4"]) putMovie(root, id("10-01-00"), movie(3), name);
    },
  });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
  await until(page, "what was made plays", (stage) => stage.screen?.currentTime > 0 && stage.screen.src.endsWith("/playable.mp4"));
  const link = playerOf(page).getByRole("link", { name: "Movie", exact: true });
  assert.equal(await link.getAttribute("download"), `${id("10-00-00").replaceAll("/", " ")}.avi`);
  assert.match(String(await playerOf(page).getByRole("link", { name: "All files" }).getAttribute("href")), /api\/v1\/events\/.*10-00-00\.zip$/);
  await page.keyboard.press("n");
  await until(page, "the first movie", (stage) => stage.screen?.src?.endsWith("/10-01-00/video.mp4") && stage.screen.currentTime > 0);
  await playerOf(page).getByRole("button", { name: "10-01-01.mp4" }).click();
  await until(page, "another one", (stage) => stage.screen?.src.endsWith("/10-01-01.mp4") && stage.screen.currentTime > 0);
  assert.ok(Number(await ask(page, (stage) => stage.wall % 60_000)) >= 1000, "the time in its name");
  await playerOf(page).getByRole("button", { name: /videom.mp4|What Motion detected/ }).click();
  await until(page, "what Motion detected", (stage) => stage.screen?.src.endsWith("/videom.mp4") && stage.screen.currentTime > 0);
  assert.equal(await playerOf(page).getByRole("link", { name: /^Download / }).count(), 3);
  assert.deepEqual(await axeViolations(page), []);
});

test("the reason why a movie does not play is told, and frames are shown in its place", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00" }, { day: DAY, time: "10-01-00", frames: 0 }] });
  await waitUntil("they are complete", async () => (await owlery.json("api/v1/events?state=complete")).events.length === 2);
  const page = await openPage(t, { expects: [/Failed to load resource/] });
  let [status, location, asked] = [503, "nas", 0];
  page.on("response", (response) => { if (response.url().endsWith("/readyz")) asked++; });
  await page.route("**/video.mp4", (route) => route.fulfill({ status, json: {} }));
  await page.route("**/api/v1/events/Camera1/*/*", async (route) => {
    const response = await route.fetch();
    return route.fulfill({ json: { ...(await response.json()), location } });
  });
  await page.route("**/api/v1/events?**", (route) => route.fulfill({ json: { events: [], next: null } })); // so that what is above is known alone
  const told = async (/** @type {string} */ time, /** @type {string} */ text) => {
    await page.goto(`${owlery.url}?event=${id(time)}`);
    await page.locator("owl-stage").getByText(text).waitFor();
  };
  await told("10-00-00", "The file is only a copy in nas, which cannot be used now (503).");
  await playerOf(page).getByText("only as a copy in nas").waitFor();
  await waitUntil("the page has begun, and tries nothing again by itself", () => asked >= 1);
  await until(page, "nothing plays", (stage) => stage.screen === null && stage.failure);
  await page.unroute("**/video.mp4");
  await page.locator("owl-stage").getByRole("button", { name: "Try again" }).click();
  await until(page, "it plays", plays);

  await page.route("**/video.mp4", (route) => route.fulfill({ status, json: {} }));
  [status, location] = [404, "local"];
  await told("10-00-00", "The movie is not there any more.");
  await until(page, "its frames", (stage) => stage.screen?.frames?.length === 3 && stage.isShown);
  await told("10-01-00", "The movie is not there any more.");
  await until(page, "nothing plays", (stage) => stage.screen === null);
  status = 403;
  await page.route("**/playable.mp4", (route) => route.fulfill({ status: 422, json: { detail: "it is odd" } }));
  await told("10-00-00", "The service does not send the file (403).");
  await page.unroute("**/video.mp4");
  await page.route("**/video.mp4", (route) => route.fulfill({ body: "no movie", contentType: "video/mp4" }));
  await told("10-00-00", "This browser cannot play the movie.");
  await until(page, "its frames", (stage) => stage.screen?.frames?.length === 3 && stage.isShown);
});

test("a moment can be linked to, and a movie goes on where the service went away", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00", seconds: 60 }], prepare: (root) => long(root, id("10-00-00")) });
  const page = await openPage(t, { expects: [/ERR_/, /Failed to load/], permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(`${owlery.url}?event=${id("10-00-00")}&at=${DAY}T10:00:20`);
  await until(page, "it plays", plays);
  await page.keyboard.press("Space");
  await until(page, "it pauses", (stage) => stage.isPaused);
  await playerOf(page).getByRole("button", { name: "Copy link" }).click();
  await page.getByText("The link is in the clipboard.").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(link, new RegExp(`^${owlery.url}\\?at=${DAY}T10%3A00%3A2\\d&event=Camera1%2F`));
  const at = Number(await ask(page, (stage) => stage.screen.currentTime));
  await owlery.stop();
  await page.locator("owl-stage").evaluate((/** @type {any} */ stage) => { stage.screen.dispatchEvent(new Event("error")); }); // all of it is buffered
  await page.getByText("The service cannot be reached. This goes on when it can.").waitFor();
  await owlery.start();
  await until(page, "it plays again", plays);
  assert.ok(Number(await ask(page, (stage) => stage.screen.currentTime)) >= at && at > 19, "not from its start");
});

test("other cameras are in step, whatever their names", async (t) => {
  const owlery = await serve(t, {
    events: [
      { day: DAY, time: "10-00-00", seconds: 60 }, { day: DAY, time: "10-00-05", seconds: 60, camera: CAMERA },
      { day: DAY, time: "11-00-00", camera: CAMERA },
    ],
    prepare: (root) => { long(root, id("10-00-00")); long(root, id("10-00-05", CAMERA)); },
  });
  const page = await openPage(t);
  await page.goto(`${owlery.url}?event=${id("10-00-00")}&cameras=Camera1`);
  const other = page.locator("owl-others button");
  await other.waitFor();
  assert.equal(await page.locator("owl-others .name").innerText(), CAMERA);
  const off = () => page.locator("owl-player").evaluate((/** @type {any} */ player) => {
    const small = player.shadowRoot.querySelector("owl-others").shadowRoot.querySelector("video");
    const { screen, isPaused } = player.stage;
    return small && !small.seeking && small.paused === isPaused ? Math.abs(small.currentTime + 5 - screen.currentTime) : 99;
  });
  await until(page, "it plays", plays);
  await page.keyboard.press("ArrowRight");
  await waitUntil("in step", async () => (await off()) < 0.3);
  await page.keyboard.press("Space");
  await waitUntil("both are paused at the same moment", async () => (await off()) < 0.1);
  await page.keyboard.press("ArrowRight");
  await waitUntil("the same after a jump", async () => (await off()) < 0.1);
  const wall = Number(await ask(page, (stage) => stage.wall));
  await other.click();
  await until(page, "they are swapped, at the same moment", (stage) => stage.event.camera !== "Camera1" && stage.isShown);
  assert.ok(Number(await ask(page, (stage) => stage.wall)) - wall > -1000);
  assert.equal(await page.locator("owl-others .name").innerText(), "Camera1");
  assert.match(await page.locator("owl-player h2").innerText(), /^Camera<b>&"'%2F ü,\s/);
  assert.equal(await page.title(), "Owlery");
});

test("an outage is said, and what failed plays when the service is back", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00" }, { day: DAY, time: "10-01-00" }] });
  const page = await openPage(t, { expects: [/ERR_CONNECTION/, /ERR_INCOMPLETE/, /Failed to load/] });
  await page.goto(owlery.url);
  await page.getByRole("link", { name: "Storage" }).waitFor();
  await show(page, id("10-00-00"));
  await until(page, "it plays", plays);
  await owlery.stop();
  await page.keyboard.press("n");
  await page.getByRole("alert").waitFor();
  await page.goBack();
  await assertClosed(page);
  await show(page, id("10-01-00"));
  await page.getByText(/The event cannot be loaded/).or(page.getByText(/The service cannot be reached. This goes on/)).first().waitFor();
  await owlery.start();
  await until(page, "it plays by itself", (stage) => stage.event?.id.endsWith("10-01-00") && stage.screen?.currentTime > 0);
});

test("a phone has a sheet of its own size, in both themes, without motion if that is wanted", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00", seconds: 20 }, { day: DAY, time: "10-00-04", camera: CAMERA, seconds: 20 }] });
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await openPage(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme, reducedMotion: "reduce" });
    await page.goto(`${owlery.url}?event=${id("10-00-00")}`);
    await until(page, "the first frame of the movie", (stage) => stage.screen instanceof HTMLVideoElement && stage.isShown);
    assert.equal(await ask(page, (stage) => stage.isPaused), true);
    await page.locator("owl-others button").waitFor();
    const box = await page.locator("owl-player dialog").boundingBox();
    assert.deepEqual(box, { x: 0, y: 0, width: 360, height: 740 });
    for (const button of await page.locator("owl-player button:visible").all()) {
      const size = /** @type {{width: number, height: number}} */ (await button.boundingBox());
      assert.ok(size.width >= 44 && size.height >= 44, `${await button.textContent()} ${JSON.stringify(size)}`);
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    assert.deepEqual(await axeViolations(page), []);
    await page.context().close();
  }
});
