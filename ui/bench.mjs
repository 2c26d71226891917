// What the page costs on 100,000 events of ten cameras with frames of 1280 × 720 and real movies: `npm run bench`. The archive is made once, of
// hard links, and kept in `OWLERY_BENCH_FOLDER` (default: a folder of the system's temporary one). The program is `OWLERY_PROGRAM`
// (default: the release build). Prints a table beside what is wanted; it asserts nothing, since machines differ.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, linkSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PROGRAM = process.env.OWLERY_PROGRAM ?? fileURLToPath(new URL("../target/release/owlery", import.meta.url));
const FOLDER = process.env.OWLERY_BENCH_FOLDER ?? join(tmpdir(), "owlery-page-bench");
const [CAMERAS, DAYS, EVENTS] = [10, 100, 100]; // events of a camera in a day
const PORT = 18_400;
const URL_ = `http://127.0.0.1:${PORT}/`;
const CARD = 'a[href*="event="]';
const ROUNDS = 5;
/** In the page: the cards in the document. @type {() => any[]} */
var cards;
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OWLERY_")));

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

function makeArchive() {
  if (existsSync(join(FOLDER, "made"))) return;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "media"), { recursive: true });
  const names = ["video.mp4", ...Array.from({ length: 8 }, (_, nth) => `${nth}.jpg`)];
  const ffmpeg = (/** @type {string[]} */ ...args) => execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);
  const media = (/** @type {string} */ name) => join(FOLDER, "media", name);
  for (let nth = 0; nth < 8; nth++) {
    ffmpeg("-f", "lavfi", "-i", `mandelbrot=s=1280x720:start_scale=${0.5 + nth / 4}`, "-frames:v", "1", "-q:v", "4", media(`${nth}.jpg`));
  }
  ffmpeg("-f", "lavfi", "-i", "testsrc=s=1280x720:r=15:d=10", "-pix_fmt", "yuv420p", "-movflags", "+faststart", media("video.mp4"));
  const old = new Date(Date.now() - 3_600_000);
  for (const name of names) utimesSync(media(name), old, old);
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  for (let day = 1; day <= DAYS; day++) {
    const date = new Date(midnight);
    date.setDate(date.getDate() - day);
    const name = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    for (let camera = 1; camera <= CAMERAS; camera++) {
      // Each camera's day has files of its own: a file cannot have as many links as there are events.
      const own = join(FOLDER, "media", `${camera}-${day}`);
      mkdirSync(own);
      for (const name of names) cpSync(media(name), join(own, name), { preserveTimestamps: true });
      for (let event = 0; event < EVENTS; event++) {
        const seconds = Math.floor((event * 86_000) / EVENTS) + camera * 7;
        const start = new Date(date.getTime() + seconds * 1000);
        const folder = join(FOLDER, "motion", `Camera${camera}`, name, `${two(start.getHours())}-${two(start.getMinutes())}-${two(start.getSeconds())}`);
        mkdirSync(folder, { recursive: true });
        for (let frame = 0; frame < 2; frame++) {
          const at = new Date(start.getTime() + frame * 9000);
          linkSync(join(own, `${(event + frame * 3 + camera) % 8}.jpg`), join(folder, `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}-00.jpg`));
        }
        linkSync(join(own, "video.mp4"), join(folder, "video.mp4"));
      }
    }
  }
  writeFileSync(join(FOLDER, "made"), "");
}

async function serve() {
  const args = ["serve", join(FOLDER, "motion"), "--state-dir", join(FOLDER, "state"), "--listen", `127.0.0.1:${PORT}`];
  const child = spawn(PROGRAM, args, { stdio: "ignore", env: ENVIRONMENT });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${PROGRAM} ended`);
    const ready = await fetch(`${URL_}readyz`).catch(() => null);
    if (ready?.status === 200) return child;
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

/** @type {[string, string, string][]} */
const table = [];
/** @param {number[]} values @param {number} share */
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
/** @param {string} what @param {number[]} values @param {string} unit @param {string} wanted */
function note(what, values, unit, wanted, share = 0.5) {
  table.push([what, `${quantile(values, share).toFixed(unit === "ms" ? 0 : 1)} ${unit}`, wanted]);
}

/** When the first picture and all visible ones were there, in milliseconds since the page was asked for.
 * @param {import("playwright-core").Page} page @returns {Promise<{first: number, last: number}>} */
function pictures(page) {
  return page.evaluate((selector) => new Promise((done) => {
    const all = (/** @type {ParentNode} */ root) => /** @type {Element[]} */ ([...root.querySelectorAll("*")].flatMap((each) =>
      [...(each.matches(`${selector} img`) ? [each] : []), ...(each.shadowRoot ? all(each.shadowRoot) : [])]));
    let first = 0;
    const look = () => {
      const images = /** @type {HTMLImageElement[]} */ (all(document)).filter((image) => {
        const { top, bottom } = image.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      });
      const here = images.filter((image) => image.complete && image.naturalWidth > 0);
      if (here.length && !first) first = performance.now();
      if (images.length > 3 && here.length === images.length) return done({ first, last: performance.now() });
      requestAnimationFrame(look);
    };
    look();
  }), CARD);
}

/** @param {import("playwright-core").Browser} browser @param {boolean} isPhone */
async function open(browser, isPhone) {
  const context = await browser.newContext(isPhone ? { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true } : { viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  if (isPhone) {
    await session.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 });
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  }
  const sums = { all: 0, script: 0, picture: 0 };
  const kinds = new Map();
  session.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    sums.all += encodedDataLength;
    if (kinds.get(requestId) === "Script") sums.script += encodedDataLength;
    if (kinds.get(requestId) === "Image") sums.picture += encodedDataLength;
  });
  await page.goto(URL_, { waitUntil: "commit" });
  return { context, page, session, sums, times: await pictures(page) };
}

/** @param {import("playwright-core").Browser} browser */
async function opening(browser) {
  for (const isPhone of [false, true]) {
    const rounds = [];
    for (let nth = 0; nth < ROUNDS; nth++) {
      const { context, sums, times } = await open(browser, isPhone);
      rounds.push({ ...sums, ...times });
      await context.close();
    }
    const where = isPhone ? "on a phone at 1.6 Mbit/s, a quarter of the CPU" : "on a desk";
    note(`open ${where}: first picture`, rounds.map(({ first }) => first), "ms", isPhone ? "2500" : "800");
    note(`open ${where}: all visible pictures`, rounds.map(({ last }) => last), "ms", isPhone ? "3000" : "1200");
  }
  const { context, sums } = await open(browser, false);
  note("bytes without pictures", [(sums.all - sums.picture) / 1000], "kB", "90");
  note("bytes of scripts", [sums.script / 1000], "kB", "60");
  note("bytes with pictures", [sums.all / 1000], "kB", "300");
  await context.close();
}

/** @param {import("playwright-core").Browser} browser */
async function moving(browser) {
  const { context, page, session } = await open(browser, false);
  const first = await page.locator(CARD).first().getAttribute("href");
  const jumps = [];
  for (const days of [95, 40, 3]) {
    const day = new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    const begun = performance.now();
    await page.locator('input[type="date"]').fill(day);
    await page.locator(`a[href*="${day}"]`).first().waitFor();
    jumps.push(performance.now() - begun);
  }
  note(`jump to a day, from ${first ? "the newest" : "nothing"}`, jumps, "ms", "600", 0.95);
  const frames = await page.evaluate(() => new Promise((done) => {
    /** @type {number[]} */
    const took = [];
    let last = performance.now();
    const step = () => {
      const now = performance.now();
      took.push(now - last);
      last = now;
      scrollBy(0, 300);
      if (took.length < 200) requestAnimationFrame(step);
      else done(took.slice(1));
    };
    requestAnimationFrame(step);
  }));
  note("scrolling: a frame (p95)", /** @type {number[]} */ (frames), "ms", "50", 0.95);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForTimeout(1000);
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.enable").then(() => session.send("Performance.getMetrics"));
  const metric = (/** @type {string} */ name) => metrics.find((each) => each.name === name)?.value ?? 0;
  note("nodes after scrolling far", [metric("Nodes")], "", "3000");
  note("heap after scrolling far", [metric("JSHeapUsedSize") / 1e6], "MB", "20");
  await context.close();
}

/** @param {import("playwright-core").Browser} browser */
async function playing(browser) {
  const { context, page } = await open(browser, false);
  const times = [];
  for (let nth = 0; nth < ROUNDS; nth++) {
    const begun = performance.now();
    await page.locator(CARD).nth(nth).click();
    await page.waitForFunction(() => {
      const all = (/** @type {ParentNode} */ root) => /** @type {Element[]} */ ([...root.querySelectorAll("*")].flatMap((each) =>
        [...(each.matches("video") ? [each] : []), ...(each.shadowRoot ? all(each.shadowRoot) : [])]));
      return /** @type {HTMLVideoElement[]} */ (all(document)).some((video) => video.readyState >= 2);
    }, undefined, { polling: "raf" });
    times.push(performance.now() - begun);
    await page.goBack();
    await page.locator("video").first().waitFor({ state: "detached" });
  }
  note("play: first frame of the movie", times, "ms", "500");
  await context.close();
}

/** Waits in the page, by frames, and returns the milliseconds since `begun`, a time of the page.
 * @param {import("playwright-core").Page} page @param {number} begun @param {() => boolean} condition is evaluated in the page, with its `cards()` */
async function until(page, begun, condition) {
  await page.waitForFunction(condition, undefined, { polling: "raf" });
  return page.evaluate((begun) => performance.now() - begun, begun);
}

/** Clicks in the page itself, so that what drives the browser takes no part; returns when. @param {import("playwright-core").Locator} what */
const clicked = (what) => what.evaluate((/** @type {HTMLElement} */ element) => {
  const begun = performance.now();
  element.click();
  return begun;
});

/** @param {import("playwright-core").Browser} browser */
async function doing(browser) {
  const { context, page } = await open(browser, false);
  await page.locator("owl-grid").evaluate((/** @type {any} */ list) => { globalThis.cards = () => [...list.renderRoot.querySelectorAll("owl-card")]; });
  const chip = (/** @type {string} */ name) => page.getByRole("group", { name: "Cameras" }).getByRole("button", { name });
  const isOfCamera = () => cards().length > 10 && cards().every(({ event }) => location.search.includes(`=${event.camera}`));
  const filtered = [];
  for (const camera of [3, 5, 7, 9]) {
    filtered.push(await until(page, await clicked(chip(`Camera${camera}`)), isOfCamera));
    await until(page, await clicked(chip("All cameras")), () => new Set(cards().map(({ event }) => event.camera)).size > 5);
  }
  note("filter: new cards", filtered, "ms", "300", 0.95);

  const card = page.locator("owl-card").first();
  await card.hover();
  const star = card.getByRole("button");
  note("star: shown", [await until(page, await clicked(star), () => cards()[0].renderRoot.querySelector(".star.on") !== null)], "ms", "50");
  await clicked(star);

  await card.getByRole("link").focus();
  const count = async () => Number.parseInt((await page.locator("owl-selection .count").textContent().catch(() => "")) || "0", 10);
  await page.keyboard.press("x");
  while ((await count()) < 200) await page.keyboard.press("Shift+PageDown");
  const chosen = await count();
  await page.evaluate(() => scrollTo(0, 0));
  const isStarred = () => cards().length > 10 && cards().slice(0, 10).every(({ event }) => event.saved);
  note(`save ${chosen}: shown`, [await until(page, await clicked(page.getByRole("button", { name: "Save", exact: true })), isStarred)], "ms", "50");
  await clicked(page.getByRole("button", { name: "Unsave" }));
  await until(page, 0, () => cards().length > 10 && cards().every(({ event }) => !event.saved));
  const first = await card.evaluate((/** @type {any} */ { event }) => event.id);
  const begun = await clicked(page.getByRole("button", { name: "Delete", exact: true }));
  const undo = page.getByRole("button", { name: "Undo" });
  await undo.waitFor();
  note(`delete ${chosen}: done, and can be undone`, [await page.evaluate((begun) => performance.now() - begun, begun)], "ms", "–");
  const back = await clicked(undo);
  await page.waitForFunction((id) => cards()[0]?.event.id === id, first, { polling: "raf" });
  note(`undo of ${chosen}: shown`, [await page.evaluate((begun) => performance.now() - begun, back)], "ms", "–");
  await context.close();
}

/** @param {import("playwright-core").Browser} browser */
async function living(browser) {
  const { context, page } = await open(browser, false);
  const times = [];
  for (let nth = 0; nth < ROUNDS; nth++) {
    const now = new Date(Date.now() - nth * 60_000); // one name each
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
    const day = join(FOLDER, "motion", "Camera1", `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`);
    const begun = performance.now();
    mkdirSync(join(day, time), { recursive: true });
    cpSync(join(FOLDER, "media", "1.jpg"), join(day, time, `${time}-00.jpg`));
    await page.locator(`owl-card a[href*="${time}"]`).first().waitFor();
    times.push(performance.now() - begun);
    rmSync(day, { recursive: true });
    await page.locator(`owl-card a[href*="${time}"]`).first().waitFor({ state: "detached" });
  }
  note("live: card after the directory", times, "ms", "500", 0.95);
  await context.close();
}

makeArchive();
const child = await serve();
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
try {
  for (const part of [opening, moving, playing, doing, living]) await part(browser).catch((error) => table.push([part.name, `failed: ${error.message.split("\n")[0]}`, ""]));
} finally {
  await browser.close();
  child.kill("SIGTERM");
}
for (const [what, is, wanted] of table) console.log(`${what.padEnd(64)}${is.padStart(12)}   wanted ≤ ${wanted}`);
