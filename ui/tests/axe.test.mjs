// Every view in every state, as axe sees it, by a light and by a dark screen: a table of states, each with what leads to it. States that belong
// to the same archive share a service, and those of the same user and device a page; a state leaves nothing behind that the next ones miss.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { cards } from "./day.mjs";
import { USERS, axeViolations, closeBrowser, daysAgo, openPage, serve, signIn, waitUntil } from "./harness.mjs";
import { show, until } from "./opened.mjs";
import { avi, movie, picture, putMovie } from "./recordings.mjs";
import { changeable, fails, follow, holds, mock, press, readyz, recording, sees, select, type } from "./states.mjs";

after(closeBrowser);

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {Parameters<typeof openPage>[1]} Device */
/** @typedef {{page: Page, owlery: Awaited<ReturnType<typeof serve>>, open: (search?: string) => Promise<unknown>}} There */
/** A state: its name, on which page, and what leads to it; that may return what ends it. Requests that it changes are not changed afterwards.
 * @typedef {[string, Device, (there: There) => Promise<unknown>]} State */

const [DAY, HOSTILE] = [daysAgo(1), `Camera<b>&"'%2F ü`];
const EVENT = `Camera1/${DAY}/10-00-00`;
/** What belongs to states in which something fails. */
const expects = [/Failed to load resource/, /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/];
/** @type {Device} */
const DESK = { reducedMotion: "reduce", expects };
/** @type {Device} */
const PHONE = { ...DESK, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
/** @param {string} name @param {Device} device @returns {Device} */
const as = (name, device) => ({ ...device, extraHTTPHeaders: { "X-Forwarded-User": name } });
const [VERA, BERT, BERTS_PHONE, GUEST] = [as("vera", DESK), as("bert", DESK), as("bert", PHONE), { ...DESK }];

const READING = { ready: false, waiting: { scan: "the archive is being read" }, days: 200, days_done: 80 };

/** A view by its address, when a text is there. @param {string} name @param {Device} device @param {string} search @param {string | RegExp} text
 * @param {(page: Page) => Promise<unknown>} [prepare] @returns {State} */
const view = (name, device, search, text, prepare) => [name, device, async ({ page, open }) => {
  await prepare?.(page);
  await open(search);
  await sees(page, text);
}];

/** The same, when an element is there. @param {string} name @param {Device} device @param {string} search @param {string} selector
 * @returns {State} */
const shown = (name, device, search, selector) => [name, device, async ({ page, open }) => {
  await open(search);
  await page.locator(selector).first().waitFor();
}];

/** A view while some requests wait.
 * @param {string} name @param {string | RegExp} url @param {string} search @param {string} selector @returns {State} */
const held = (name, url, search, selector) => [name, DESK, async ({ page, open }) => {
  const go = await holds(page, url);
  await open(search);
  await page.locator(selector).first().waitFor({ state: "attached" });
  return go;
}];

/** The player with an event, whose stage is as wanted. @param {string} id @param {(stage: any) => unknown} condition @param {string | RegExp} [text]
 * @returns {(there: There) => Promise<void>} */
const player = (id, condition, text = /^Where it lies$/) => async ({ page, open }) => {
  await open(`?event=${id}`);
  await until(page, id, condition);
  await sees(page, text);
};
const hasMovie = (/** @type {any} */ stage) => stage.screen instanceof HTMLVideoElement && stage.isShown;
const hasFrames = (/** @type {any} */ stage) => stage.screen?.frames?.length > 0 && stage.isShown;
const hasFailed = (/** @type {any} */ stage) => stage.failure;

/** @param {Page} page */
async function confirms(page) {
  await page.getByRole("alert").getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Delete \d+ event/ }).waitFor();
}

/** The storage view with everything unfolded. @param {There} there */
async function storage({ page, open }) {
  await open("?view=storage");
  await page.getByRole("button", { name: "Restore" }).first().waitFor();
  await page.getByRole("region", { name: "Log" }).getByRole("row").nth(1).waitFor();
  await page.getByRole("region", { name: "Cache" }).getByText(/ of /).first().waitFor();
  await sees(page, "every event, when it is complete");
  for (const summary of await page.locator("owl-storage summary").all()) await summary.click();
}

/** @type {State[]} */
const EMPTY = [
  view("no camera", DESK, "", "No cameras yet"),
  view("no camera: calendar", DESK, "?view=calendar", "Nothing has been recorded yet."),
  view("no camera: live", DESK, "?view=live", "There is no camera yet."),
  view("no camera: storage", DESK, "?view=storage", "There is no rule"),
  view("no camera: phone", PHONE, "", "No cameras yet"),
  view("no pictures", DESK, `?pictures=${DAY}`, "Every file of this day belongs to an event."),
  ["no event", DESK, async ({ page, owlery, open }) => {
    mkdirSync(join(owlery.root, "Camera1"));
    await open();
    await sees(page, "No events yet");
  }],
];

/** @type {State[]} */
const RECORDED = [
  shown("day, with a held pass", DESK, "", "[role=alert] button"),
  view("filtered", DESK, `?cameras=${encodeURIComponent(HOSTILE)}&cameras=Camera1&unreviewed=1&min=5&hours=09-12`, "10:00:00"),
  view("nothing matches", DESK, "?strength=77&min=45&saved=1", "Nothing matches"),
  view("a camera that is not", DESK, "?cameras=Nowhere", "Nothing matches"),
  ["region", DESK, async ({ page, open }) => {
    await open("?region=0.1,0.1,0.9,0.9");
    await press(page, "Region");
    await page.locator("owl-region img").waitFor();
  }],
  ["selection", DESK, async ({ page, open }) => {
    await open();
    await select(changeable(page).nth(0));
    await select(changeable(page).nth(1));
  }],
  ["a mark of the timeline", DESK, async ({ page, open }) => {
    await open();
    await page.locator(".marks").focus();
    await page.keyboard.press("Home");
    await page.getByRole("option", { name: /^Camera1|%2F/ }).first().waitFor();
  }],
  ["scrubbing", DESK, async ({ page, open }) => {
    await open();
    const box = /** @type {{x: number, y: number, width: number}} */ (await page.locator(".marks").boundingBox());
    let x = box.x + box.width / 2;
    await waitUntil("the bubble", async () => {
      await page.mouse.move(x++, box.y + 30); // heard when the timeline is drawn
      return page.locator(".bubble").isVisible();
    });
  }],
  ["sprite of a card", DESK, async ({ page, open }) => {
    await open();
    await cards(page).first().hover();
    await page.locator("owl-card .tile").waitFor();
  }],
  ["new events above", DESK, async ({ page, open, owlery }) => {
    await open();
    await cards(page).first().waitFor();
    await page.mouse.move(640, 700);
    await page.mouse.wheel(0, 1500);
    await waitUntil("it is scrolled", () => page.evaluate(() => scrollY > 300));
    owlery.add({ day: daysAgo(0), time: "00-00-05" });
    await page.getByRole("button", { name: /^\d new$/ }).waitFor();
  }],
  ["what is recorded now", DESK, async ({ page, owlery, open }) => {
    const { id, end } = await recording(owlery);
    await open();
    await sees(page, /^recording$/);
    await open(`?event=${id}`);
    await until(page, "its frames", hasFrames);
    return end;
  }],
  ["undo", DESK, async ({ page, open }) => {
    await open();
    await type(changeable(page).first(), "Delete");
    await page.getByRole("button", { name: "Undo" }).waitFor();
  }],
  ["a change is refused", DESK, async ({ page, open }) => {
    await fails(page, "**/saved", 500, "the disk is full");
    await open();
    await type(changeable(page).first(), "s");
    await page.getByRole("alert").filter({ hasText: "the disk is full" }).waitFor();
  }],
  view("disk full", DESK, "", /the disk is full: Motion/, (page) => readyz(page, { alerts: ["the disk is full: Motion cannot record there"] })),
  view("disk hangs", DESK, "", /does not respond/, (page) => readyz(page, { ready: false, waiting: { archive: "the disk does not respond" } })),
  view("still reading", DESK, "", /40 %/, (page) => readyz(page, READING)),
  view("still reading: calendar", DESK, "?view=calendar", /40 %/, (page) => readyz(page, READING)),
  held("before the cameras are known", "**/api/v1/cameras", "", "owl-day"),
  held("before events are known", "**/api/v1/events?**", "", "owl-grid .ghost"),
  view("events fail", DESK, "", "The events cannot be loaded", (page) => fails(page, "**/api/v1/*?**", 500, "the disk does not respond")),
  view("refused", DESK, "?region=0,0,1,1", "The service refuses this", (page) => fails(page, "**/api/v1/events?**", 400, "it is odd")),
  ["a held pass is confirmed", DESK, async ({ page, open }) => {
    await open();
    await confirms(page);
  }],
  shown("player: movie, other cameras", DESK, `?event=${EVENT}`, "owl-others button"),
  ["player: keys", DESK, async ({ page, open }) => {
    await open(`?event=${EVENT}`);
    await press(page, "Keys");
    await sees(page, "10 seconds back or forward");
  }],
  ["player: frames", DESK, player(`Camera1/${DAY}/11-00-00`, hasFrames)],
  ["player: broken movie", DESK, player(`Camera1/${DAY}/11-10-00`, hasFrames, /its movie cannot be played/)],
  ["player: several movies", DESK, player(`Camera1/${DAY}/11-20-00`, hasMovie, "Movies")],
  ["player: a movie is being made", DESK, async (there) => {
    await there.page.route("**/playable.mp4", (route) => route.fulfill({ status: 202, json: { progress: 0.4 } }));
    await player(`Camera1/${DAY}/11-30-00`, (stage) => stage.progress === 0.4)(there);
  }],
  ["player: nothing to show", DESK, async (there) => {
    await fails(there.page, "**/playable.mp4", 422, "it is odd");
    await player(`Camera1/${DAY}/11-40-00`, hasFailed)(there);
  }],
  ["player: store away", DESK, async (there) => {
    const stored = (/** @type {any} */ event) => ({ ...event, location: "nas", saved: true });
    await mock(there.page, /api\/v1\/events[?/]/, ({ events, ...json }) => (events ? { ...json, events: events.map(stored) } : stored(json)));
    await fails(there.page, "**/video.mp4", 503, "away");
    await player(EVENT, hasFailed, /The file is only a copy in nas/)(there);
  }],
  held("player: loading", /api\/v1\/events[?/]/, `?event=${EVENT}`, "owl-player .problem"),
  view("player: not known", DESK, `?event=${EVENT}`, "The event cannot be loaded: it broke", (page) => fails(page, "**/api/**/10-00-00", 500, "it broke")),
  ["player: undo", DESK, async ({ page, open }) => {
    await open(`?event=Camera1/${DAY}/11-50-00`);
    await press(page, "Delete");
    await page.getByRole("button", { name: "Undo" }).waitFor();
  }],
  shown("calendar", DESK, "?view=calendar", `owl-calendar a[data-day="${DAY}"]`),
  shown("calendar of a camera", DESK, `?view=calendar&cameras=${encodeURIComponent(HOSTILE)}`, `owl-calendar a[data-day="${DAY}"]`),
  view("calendar: days fail", DESK, "?view=calendar", "Days cannot be loaded now", (page) => fails(page, "**/api/v1/days?**", 500, "it broke")),
  ["live: stills, and a camera away", DESK, async ({ page, open }) => {
    await open("?view=live");
    for (const text of [/^No picture yet/, /Start Owlery with --motion-conf/, /newest: /]) await sees(page, text);
  }],
  view("live: one camera", DESK, "?view=live&cameras=Camera1", /^No picture yet/),
  ["storage", DESK, storage],
  ["storage: a pass is asked for", DESK, async ({ page, open }) => {
    await open("?view=storage");
    await press(page, "Clean up now");
    await page.getByRole("dialog").waitFor();
  }],
  view("storage: sections fail", DESK, "?view=storage", "This cannot be loaded now: it broke", (page) => (
    fails(page, /api\/v1\/(queue|retention|stores|cache|audit)/, 500, "it broke"))),

  shown("phone: day", PHONE, "", "owl-card button.star"),
  view("phone: filtered", PHONE, "?unreviewed=1&min=5&hours=09-12", "10:00:00"),
  ["phone: region", PHONE, async ({ page, open }) => {
    await open();
    await press(page, "Region");
    await page.getByRole("application").waitFor();
  }],
  ["phone: selection", PHONE, async ({ page, open }) => {
    await open();
    await select(changeable(page).first());
  }],
  ["phone: undo", PHONE, async ({ page }) => {
    await page.keyboard.press("Delete");
    await page.getByRole("button", { name: "Undo" }).waitFor();
  }],
  shown("phone: player", PHONE, `?event=${EVENT}`, "owl-others button"),
  ["phone: keys", PHONE, async ({ page }) => press(page, "Keys")],
  ["phone: frames", PHONE, player(`Camera1/${DAY}/11-00-00`, hasFrames)],
  shown("phone: calendar", PHONE, "?view=calendar", `owl-calendar a[data-day="${DAY}"]`),
  view("phone: live", PHONE, "?view=live", /^No picture yet/),
  ["phone: storage", PHONE, storage],
  ["phone: a held pass is confirmed", PHONE, ({ page }) => confirms(page)],

  ["not connected", DESK, async ({ page, owlery, open }) => {
    await open();
    for (const name of ["Storage", "Live", "Calendar", "Events"]) await follow(page, name); // so that their modules are here
    await cards(page).first().getByRole("link").click();
    await until(page, "the player", (stage) => stage.isShown);
    await page.goBack();
    await owlery.stop();
    await sees(page, "The service cannot be reached");
  }],
  ["not connected: calendar", DESK, ({ page }) => follow(page, "Calendar")],
  ["not connected: live", DESK, ({ page }) => follow(page, "Live")],
  ["not connected: storage", DESK, async ({ page }) => {
    await follow(page, "Storage");
    await sees(page, "This cannot be loaded now");
  }],
  ["not connected: player", DESK, async ({ page }) => {
    await show(page, `Camera1/${DAY}/11-20-00`);
    await page.locator("owl-player").getByText("cannot be").first().waitFor();
  }],
];

/** @type {State[]} */
const LOOSE = [
  view("day with files of no event", DESK, "", /^4 files without an event/),
  view("pictures", DESK, `?pictures=${DAY}`, "This cannot be shown."),
  view("a picture", DESK, `?pictures=${DAY}&picture=Camera1/15-00-10.jpg`, "2 of 3"),
  view("a picture that is none", DESK, `?pictures=${DAY}&picture=Camera1/15-00-20.jpg`, "This browser cannot show the picture."),
  view("pictures fail", DESK, `?pictures=${DAY}`, "The pictures cannot be loaded: it broke", (page) => fails(page, "**/pictures", 500, "it broke")),
  view("phone: pictures", PHONE, `?pictures=${DAY}`, "This cannot be shown."),
  view("phone: a picture", PHONE, `?pictures=${DAY}&picture=Camera1/15-00-10.jpg`, "2 of 3"),
];

/** @type {State[]} */
const SHARED = [
  view("login", GUEST, "", "Password"),
  ["login failed", GUEST, async ({ page }) => {
    await signIn(page, "anna", "wrong");
    await sees(page, "Wrong name or password.");
  }],
  ["signed in", GUEST, async ({ page }) => {
    await signIn(page, "anna");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await cards(page).first().waitFor();
  }],
  view("phone: login", { ...PHONE }, "login", "Password"),
  ["viewer", VERA, async ({ page, open }) => {
    await open();
    await select(cards(page).first());
    assert.equal(await page.getByRole("button", { name: "Delete" }).count(), 0);
  }],
  ["viewer: player", VERA, player(EVENT, hasMovie)],
  view("viewer: storage", VERA, "?view=storage", "A clean-up waits for a confirmation"),
  view("viewer: live", VERA, "?view=live", "There are no live pictures of this camera."),
  ["limited user", BERT, async ({ page, open }) => {
    await open();
    await cards(page).first().waitFor();
    assert.equal(await page.getByText("Camera2").count(), 0);
  }],
  view("limited user: another camera", BERT, "?cameras=Camera2", "Nothing matches"),
  view("limited user: an event of another camera", BERT, `?event=Camera2/${DAY}/10-00-00`, "There is no such event, or you may not see it."),
  view("limited user: storage", BERT, "?view=storage", "A clean-up waits for a confirmation"),
  shown("limited user: calendar", BERT, "?view=calendar", `owl-calendar a[data-day="${DAY}"]`),
  view("phone: limited user", BERTS_PHONE, "", "bert"),
];


/** What axe finds on a page in both themes. What is no matter of colours is the same in both. @param {Page} page */
async function violations(page) {
  await page.emulateMedia({ colorScheme: "light" });
  const light = await axeViolations(page, { rules: { "target-size": { enabled: true }, "td-has-header": { enabled: true } } });
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await axeViolations(page, { runOnly: ["color-contrast", "link-in-text-block"] });
  return [...light.map((each) => `light: ${each}`), ...dark.map((each) => `dark: ${each}`)];
}

/** Looks at all states of an archive.
 * @param {import("node:test").TestContext} t @param {Awaited<ReturnType<typeof serve>>} owlery @param {State[]} states */
async function look(t, owlery, states) {
  /** @type {Map<Device, Page>} */
  const pages = new Map();
  /** @type {string[]} */
  const found = [];
  for (const [name, device, reach] of states) {
    const page = pages.get(device) ?? (await openPage(t, device));
    pages.set(device, page);
    try {
      const end = await reach({ page, owlery, open: (search = "") => page.goto(owlery.url + search) });
      for (const each of await violations(page)) found.push(`${name}: ${each}`);
      if (end) /** @type {() => void} */ (end)();
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
    await page.unrouteAll({ behavior: "ignoreErrors" });
  }
  assert.deepEqual(found, []);
}

/** Days back to before what is kept, some saved. */
const old = Array.from({ length: 30 }, (_, nth) => ({ day: daysAgo(nth + 2), time: "00-00-01", frames: 1, movie: false, saved: nth % 10 === 3 }));
const RULES = ["--keep-days", "20", "--max-share", "0.001", "--undo-window", "24h"];

test("an empty archive", async (t) => {
  const owlery = await serve(t, { prepare: (root) => rmdirSync(join(root, "Camera1")) });
  await look(t, owlery, EMPTY);
});

test("an archive with everything", async (t) => {
  const nas = mkdtempSync(join(tmpdir(), "owlery-page-nas-"));
  t.after(() => rmSync(nas, { recursive: true, force: true }));
  const at = (/** @type {string} */ time, more = {}) => ({ day: DAY, time, ...more });
  const owlery = await serve(t, {
    events: [
      ...old, at("10-00-00", { seconds: 60 }), at("10-00-10", { seconds: 60, camera: HOSTILE }), at("11-00-00", { movie: false }),
      at("11-10-00", { isBroken: true }), at("11-20-00"), at("11-30-00", { movie: false, saved: true }), at("11-40-00", { frames: 0, isBroken: true }),
      at("11-50-00", { movie: false }), at("12-00-00"),
    ],
    prepare: (root) => {
      for (const id of [EVENT, `${HOSTILE}/${DAY}/10-00-10`]) putMovie(root, id, movie(60));
      for (const name of ["videom.mp4", "11-20-01.mp4"]) putMovie(root, `Camera1/${DAY}/11-20-00`, movie(3), name);
      putMovie(root, `Camera1/${DAY}/11-30-00`, avi(), "video.avi");
    },
    config: `[stores.nas]\nurl = "file://${nas}"\ncopy = "complete"\n`,
    flags: [...RULES, "--live", "Camera1=http://127.0.0.1:9/"],
  });
  await owlery.json(`api/v1/events/Camera1/${DAY}/12-00-00`, { method: "DELETE" });
  await waitUntil("a held pass", async () => (await owlery.json("api/v1/retention/run", { method: "POST" })).refused); // when what it takes is copied
  await look(t, owlery, RECORDED);
});

test("pictures that belong to no event", async (t) => {
  const owlery = await serve(t, { flags: ["--layout", "%Y-%m-%d/%H-%M-%S"], prepare: (root) => {
    const past = new Date(`${DAY}T16:00:00`);
    for (const [camera, name] of [["Camera1", "15-00-00"], ["Camera1", "15-00-10"], ["Camera1", "15-00-20"], [HOSTILE, "15-00-00"]]) {
      const file = `${camera}/${DAY}/${name}.jpg`;
      const folder = join(root, file, "..");
      mkdirSync(folder, { recursive: true });
      if (file.includes("-20")) writeFileSync(join(root, file), "no picture");
      else copyFileSync(picture(1), join(root, file));
      for (const each of [join(root, file), folder]) utimesSync(each, past, past);
    }
  } });
  await look(t, owlery, LOOSE);
});

test("an archive of several users", async (t) => {
  const config = `${USERS}[proxy]\nfrom = ["127.0.0.1/32"]\nuser-header = "X-Forwarded-User"\n`;
  const events = [...old, ...["Camera1", "Camera2"].map((camera) => ({ camera, day: DAY, time: "10-00-00" }))];
  const owlery = await serve(t, { events, config, flags: RULES });
  await look(t, owlery, SHARED);
});
