// What the tests of the page need: archives as Motion writes them, the real program, and Debian's Chromium. Console errors and requests
// that fail without being expected fail a test.
//
// `OWLERY_PROGRAM` names the program (default: the debug build). With `OWLERY_PAGE=disk` the browser gets the page as `build.mjs` makes it now
// instead of what is embedded in the program, so that cargo has nothing to build while one works on the page.

import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { page as makePage } from "../build.mjs";

const UI = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = process.env.OWLERY_PROGRAM ?? join(UI, "../target/debug/owlery");
const IS_FROM_DISK = process.env.OWLERY_PAGE === "disk";
/** The program refuses variables `OWLERY_…` that it does not know. What it does at the lowest priority gets its share beside the tests. */
const ENVIRONMENT = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OWLERY_"))), OWLERY_LIMITS: "nice=0" };
const PATIENCE = 60_000; // milliseconds that a test waits for something
const POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";
const KINDS = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml", ".ftl": "text/plain", ".png": "image/png", ".jpg": "image/jpeg", ".webmanifest": "application/manifest+json" };

/** Waits until a condition holds, and returns its value. @template T @param {string} what @param {() => T | Promise<T>} condition */
export async function waitUntil(what, condition) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** Pictures and a movie, made once for a process: `picture(n)` of four colours, 640 × 360; a movie of 2 s. */
const media = (() => {
  /** @type {string | undefined} */
  let folder;
  const made = () => {
    if (folder) return folder;
    folder = mkdtempSync(join(tmpdir(), "owlery-page-media-"));
    process.on("exit", () => rmSync(/** @type {string} */ (folder), { recursive: true, force: true }));
    const ffmpeg = (/** @type {string[]} */ ...args) => execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args]);
    for (const [nth, color] of ["navy", "darkgreen", "maroon", "gray"].entries()) {
      ffmpeg("-f", "lavfi", "-i", `color=${color}:s=640x360`, "-frames:v", "1", join(folder, `${nth}.jpg`));
    }
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=2", "-pix_fmt", "yuv420p", "-movflags", "+faststart", join(folder, "movie.mp4"));
    return folder;
  };
  return { picture: (/** @type {number} */ nth) => join(made(), `${nth % 4}.jpg`), movie: () => join(made(), "movie.mp4") };
})();

/**
 * @typedef {object} EventSpec
 * @property {string} day @property {string} time `10-04-36` @property {string} [camera] `Camera1` @property {number} [seconds] 5
 * @property {number} [frames] 3 @property {boolean} [movie] true @property {boolean} [saved] @property {boolean} [isBroken] a movie that is none
 */

/** Writes an event as Motion does. @param {string} root @param {EventSpec} spec @returns its id */
export function writeEvent(root, { camera = "Camera1", day, time, seconds = 5, frames = 3, movie = true, saved = false, isBroken = false }) {
  const folder = join(root, camera, day, time);
  mkdirSync(folder, { recursive: true });
  const [hour, minute, second] = time.split("-").map(Number);
  const start = new Date(`${day}T00:00:00`);
  start.setHours(hour, minute, second);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  /** @type {Date} */
  let last = start;
  for (let nth = 0; nth < frames; nth++) {
    last = new Date(start.getTime() + Math.round((nth * seconds * 1000) / Math.max(1, frames - 1)));
    const file = join(folder, `${two(last.getHours())}-${two(last.getMinutes())}-${two(last.getSeconds())}-${two(nth)}.jpg`);
    copyFileSync(media.picture(nth), file);
    utimesSync(file, last, last);
  }
  if (movie) {
    const file = join(folder, "video.mp4");
    if (isBroken) writeFileSync(file, "no movie");
    else copyFileSync(media.movie(), file);
    const end = new Date(start.getTime() + seconds * 1000);
    utimesSync(file, end, end);
  }
  if (saved) writeFileSync(join(folder, ".saved"), "");
  // An event of the past is over: nothing has been written into its directory since.
  const end = new Date(start.getTime() + seconds * 1000);
  if (end.getTime() < Date.now()) utimesSync(folder, end, end);
  return `${camera}/${day}/${time}`;
}

/** @type {WeakMap<import("node:test").TestContext, (() => Promise<void>)[]>} */
const cleanups = new WeakMap();

/** Does something after a test, before what was given earlier. @param {import("node:test").TestContext} t @param {() => Promise<void>} work */
function afterwards(t, work) {
  const known = cleanups.get(t);
  if (known) return known.push(work);
  const works = [work];
  cleanups.set(t, works);
  t.after(async () => {
    /** @type {unknown[]} */
    const errors = [];
    for (const work of works.reverse()) await work().catch((error) => errors.push(error));
    if (errors.length) throw errors[0];
  });
}

/** The day so many days before today. @param {number} count */
export function daysAgo(count) {
  const date = new Date(Date.now() - count * 86_400_000);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

/** The password of all users of {@link USERS}. */
export const PASSWORD = "correct horse & battery = staple";
const HASH = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";

/** A configuration with users: anna may do everything, vera may look at all cameras, bert at Camera1. */
export const USERS = `[users]
anna = { password = "${HASH}", role = "admin" }
vera = { password = "${HASH}" }
bert = { password = "${HASH}", cameras = ["Camera1"] }
`;

/** Signs in on the login page. @param {import("playwright-core").Page} page @param {string} name @param {string} [password] */
export async function signIn(page, name, password = PASSWORD) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}

/** A running program on an archive of its own. @param {import("node:test").TestContext} t
 * @param {{events?: EventSpec[], flags?: string[], config?: string, prepare?: (root: string) => void}} [options] */
export async function serve(t, { events = [], flags = [], config = "", prepare } = {}) {
  const root = mkdtempSync(join(tmpdir(), "owlery-page-"));
  mkdirSync(join(root, "Camera1"));
  for (const event of events) writeEvent(root, event);
  prepare?.(root);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const outside = mkdtempSync(join(tmpdir(), "owlery-page-state-"));
  if (config) writeFileSync(join(outside, "owlery.toml"), config);
  const args = ["serve", root, "--listen", `127.0.0.1:${port}`, "--event-gap", "2s", ...(config ? ["--config", join(outside, "owlery.toml")] : []), ...flags];
  let log = "";
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;
  const start = async () => {
    const started = (child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"], env: ENVIRONMENT }));
    for (const pipe of [started.stdout, started.stderr]) pipe?.on("data", (text) => { log += text; });
    await waitUntil("the service", async () => {
      if (started.exitCode !== null) throw new Error(`owlery ended: ${log}`);
      return (await fetch(`${url}readyz`).catch(() => null))?.status === 200;
    });
    // Its own first pass must not come in the middle of a test. With users it is not told.
    await waitUntil("the first pass", async () => {
      const retention = await fetch(`${url}api/v1/retention`);
      return [401, 403, 404].includes(retention.status) || (retention.ok && (await retention.json()).next_check !== null);
    });
  };
  const stop = async () => {
    const ended = child;
    if (!ended || ended.exitCode !== null) return;
    const end = new Promise((done) => ended.once("exit", done));
    ended.kill("SIGTERM");
    await end;
  };
  afterwards(t, async () => {
    await stop();
    for (const folder of [root, outside]) rmSync(folder, { recursive: true, force: true });
  });
  await start();
  const json = async (/** @type {string} */ path, /** @type {RequestInit} */ options = {}) => (await fetch(url + path, options)).json();
  return { url, root, start, stop, json, log: () => log, add: (/** @type {EventSpec} */ event) => writeEvent(root, event) };
}

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;

/** A page of a fresh browser profile that fails the test if it writes an error to the console, or a request of it fails.
 * @param {import("node:test").TestContext} t
 * @param {import("playwright-core").BrowserContextOptions & {expects?: RegExp[], base?: string}} [options] `expects`: errors that belong to the
 * test; `base`: the path below which the page is served */
export async function openPage(t, { expects = [], base = "/", ...options } = {}) {
  browser ??= chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE);
  if (IS_FROM_DISK) await context.route(/.*/, (route) => fromDisk(route, base).catch((error) => {
    // Where a test ends to respond itself, the browser may have been told to go on already.
    if (!error.message.includes("already handled")) throw error;
  }));
  const page = await context.newPage();
  /** @type {string[]} */
  const faults = [];
  page.on("console", (message) => { if (message.type() === "error") faults.push(`${message.text()} (${message.location().url})`); });
  page.on("pageerror", (error) => faults.push(`${error.name}: ${error.message} ${error.stack}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (!why.includes("ERR_ABORTED")) faults.push(`${request.url()}: ${why}`); // aborted: nobody wants it any more
  });
  afterwards(t, async () => {
    // A request that a test responds to itself may be on its way.
    for (const each of [page, context]) await each.unrouteAll({ behavior: "ignoreErrors" }).catch(() => {}); // the test may have closed it
    await context.close();
    const unexpected = faults.filter((fault) => !expects.some((pattern) => pattern.test(fault)));
    if (unexpected.length) throw new Error(`the page reported:\n${unexpected.join("\n")}`);
  });
  return page;
}

/** Closes the browser after the tests of a file: `after(closeBrowser)`. */
export async function closeBrowser() {
  await (await browser)?.close();
}

/** @type {Promise<Map<string, Buffer>> | undefined} */
let built;

/** Serves a file of the page as it is now, below a path as the service does. @param {import("playwright-core").Route} route @param {string} base */
async function fromDisk(route, base) {
  const requested = decodeURIComponent(new URL(route.request().url()).pathname);
  const path = `${requested}/` === base || requested === base ? "index.html" : requested.startsWith(base) ? requested.slice(base.length) : "";
  let body = (await (built ??= makePage())).get(path);
  if (!body || path === "login.html") return route.continue();
  if (path === "index.html" && base !== "/") body = Buffer.from(body.toString().replace("<head>", `<head><base href="${base}">`));
  return route.fulfill({ body, contentType: KINDS[/** @type {keyof typeof KINDS} */ (extname(path))], headers: { "Content-Security-Policy": POLICY } });
}

/** The path of the axe library, to add it to a page. */
export const AXE = join(dirname(fileURLToPath(import.meta.resolve("axe-core"))), "axe.min.js");

/** The violations that axe finds on a page. @param {import("playwright-core").Page} page @param {object} [options] of axe */
export async function axeViolations(page, options = {}) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate((options) => /** @type {any} */ (window).axe.run(options), { resultTypes: ["violations"], ...options });
  return violations.map((/** @type {{id: string, nodes: any[]}} */ { id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join("; ")}`);
}
