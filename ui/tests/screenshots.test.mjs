// The pictures of `doc/pictures/`: drawn scenes as recordings, shown by the page. With `OWLERY_PICTURES=1` they are written there; without, the
// test only sees to it that they can be made.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { closeBrowser, daysAgo, openPage, serve } from "./harness.mjs";

after(closeBrowser);

const PLACES = ["Back door", "Drive", "Garden"];
const IS_KEPT = process.env.OWLERY_PICTURES === "1";
const FRAMES = 12;

/** A scene of a place at an hour, with somebody who walks through it. @param {number} place @param {number} hour @param {number} step from 0 to 1 */
function scene(place, hour, step) {
  const isDark = hour < 7 || hour > 18;
  const [sky, ground, wall] = isDark ? ["#1b2230", "#20261f", "#2d2b2a"] : ["#a9c6dd", "#7f9a63", "#c9b8a0"];
  const x = -80 + step * 1400;
  const person = `<g transform="translate(${x} ${430 + 12 * Math.abs(Math.sin(step * 20))})" fill="${isDark ? "#c9cbd0" : "#2f3640"}">
    <circle cx="0" cy="-120" r="26"/><rect x="-28" y="-92" width="56" height="120" rx="22"/><path d="M-16 20l${-18 + 36 * (step * 10 % 1)} 110h22l12-100zM6 20l${24 - 36 * (step * 10 % 1)} 110h-22l-8-100z"/></g>`;
  const places = [
    `<rect y="0" width="1280" height="480" fill="${wall}"/><rect x="820" y="120" width="230" height="420" fill="${isDark ? "#43372a" : "#7a4e2d"}"/>
     <circle cx="1015" cy="340" r="10" fill="#d8b25a"/><rect x="180" y="130" width="260" height="190" fill="${isDark ? "#e3b552" : "#dfeaf2"}" stroke="#fff" stroke-width="14"/>`,
    `<path d="M420 480h440l300 240H120z" fill="${isDark ? "#2b2d30" : "#8b8d90"}"/><rect x="900" y="200" width="340" height="260" fill="${wall}"/>
     <rect x="940" y="260" width="260" height="200" fill="${isDark ? "#3a3f46" : "#dcdcdc"}"/><path d="M120 430q40-90 120-90h120q60 0 90 90v60H120z" fill="${isDark ? "#51343a" : "#9c3b46"}"/>`,
    `<circle cx="230" cy="260" r="150" fill="${isDark ? "#24331f" : "#4f7d3a"}"/><rect x="210" y="360" width="40" height="140" fill="#5d4630"/>
     ${[...Array(16)].map((_, nth) => `<rect x="${nth * 82}" y="330" width="56" height="160" rx="6" fill="${isDark ? "#4b4640" : "#e8e2d4"}"/>`).join("")}`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720"><rect width="1280" height="720" fill="${sky}"/>
    <rect y="470" width="1280" height="250" fill="${ground}"/>${places[place]}${person}</svg>`;
}

/** Draws the frames of scenes, and a movie of each. @param {import("playwright-core").Page} page @param {string} folder */
async function draw(page, folder) {
  await page.setViewportSize({ width: 1280, height: 720 });
  for (const place of PLACES.keys()) {
    for (const hour of [12, 22]) {
      const name = join(folder, `${place}-${hour}`);
      for (let frame = 0; frame < FRAMES; frame++) {
        await page.setContent(scene(place, hour, frame / FRAMES));
        await page.addStyleTag({ content: "body { margin: 0 }" });
        await page.screenshot({ path: `${name}-${String(frame).padStart(2, "0")}.jpg`, type: "jpeg", quality: 80 });
      }
      execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", "-framerate", "2", "-i", `${name}-%02d.jpg`, "-pix_fmt", "yuv420p", "-movflags", "+faststart", `${name}.mp4`]);
    }
  }
}

/** Writes events of two weeks, as many as people and cats make. @param {string} root @param {string} folder */
function record(root, folder) {
  rmSync(join(root, "Camera1"), { recursive: true });
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const now = Date.now();
  for (let day = 0; day < 14; day++) {
    for (const [place, camera] of PLACES.entries()) {
      for (let nth = 0; nth < 9 + random() * 8; nth++) {
        const hour = [7, 8, 8, 12, 13, 16, 17, 17, 18, 19, 21, 22, 23, 2][Math.floor(random() * 14)];
        const start = new Date(`${daysAgo(day)}T00:00:00`);
        start.setHours(hour, Math.floor(random() * 60), Math.floor(random() * 60));
        if (start.getTime() > now - 120_000) continue;
        const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
        const clock = (/** @type {Date} */ time) => `${two(time.getHours())}-${two(time.getMinutes())}-${two(time.getSeconds())}`;
        const event = join(root, camera, daysAgo(day), clock(start));
        mkdirSync(event, { recursive: true });
        const scene = `${place}-${hour < 7 || hour > 18 ? 22 : 12}`;
        const seconds = 6 + Math.floor(random() * 50);
        const first = Math.floor(random() * 5);
        for (let frame = first; frame < first + 7; frame++) {
          const at = new Date(start.getTime() + Math.round(((frame - first) * seconds * 1000) / 6));
          copyFileSync(join(folder, `${scene}-${two(frame)}.jpg`), join(event, `${clock(at)}-${two(frame)}.jpg`));
          utimesSync(join(event, `${clock(at)}-${two(frame)}.jpg`), at, at);
        }
        const end = new Date(start.getTime() + seconds * 1000);
        copyFileSync(join(folder, `${scene}.mp4`), join(event, "video.mp4"));
        utimesSync(join(event, "video.mp4"), end, end);
        if (random() < 0.06) writeFileSync(join(event, ".saved"), "");
        utimesSync(event, end, end);
      }
    }
  }
}

/** Waits until all pictures in the window are there. @param {import("playwright-core").Page} page */
async function settle(page) {
  await page.waitForLoadState("networkidle").catch(() => {});
  await page.waitForFunction(() => {
    const all = (/** @type {ParentNode} */ root) => /** @type {Element[]} */ ([...root.querySelectorAll("*")].flatMap((each) => [each, ...(each.shadowRoot ? all(each.shadowRoot) : [])]));
    const images = /** @type {HTMLImageElement[]} */ (all(document).filter((each) => each instanceof HTMLImageElement && each.checkVisibility()));
    return images.every((image) => image.complete);
  });
}

test("pictures for the documentation", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "owlery-page-scenes-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pictures = IS_KEPT ? fileURLToPath(new URL("../../doc/pictures/", import.meta.url)) : join(folder, "pictures");
  mkdirSync(pictures, { recursive: true });
  const drawing = await openPage(t);
  await draw(drawing, folder);
  const owlery = await serve(t, { prepare: (root) => record(root, folder), flags: ["--camera-pattern", ".*", "--keep-days", "30"] });
  const { events } = await owlery.json("api/v1/events?limit=40&min_seconds=20");
  const reviewed = events.slice(8).map((/** @type {{id: string}} */ { id }) => id);
  await fetch(`${owlery.url}api/v1/reviewed`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ events: reviewed, reviewed: true }) });
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
  const shown = encodeURIComponent(events[3].id);
  for (const [device, options] of /** @type {const} */ ([["desk", { viewport: { width: 1280, height: 800 } }], ["phone", phone]])) {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const page = await openPage(t, { ...options, colorScheme, reducedMotion: "reduce" });
      for (const [name, search] of [["day", ""], ["player", `?event=${shown}`], ["calendar", "?view=calendar"], ["storage", "?view=storage"]]) {
        await page.goto(owlery.url + search);
        await settle(page);
        await page.screenshot({ path: join(pictures, `${name}-${device}-${colorScheme}.jpg`), type: "jpeg", quality: 82 });
      }
    }
  }
  assert.equal(readdirSync(pictures).filter((name) => name.endsWith(".jpg")).length, 16);
});
