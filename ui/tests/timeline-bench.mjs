// What the timeline needs for a frame of 5,000 marks of 20 cameras while one zooms and pans, and for pictures while one scrubs. It prints.
// `node tests/timeline-bench.mjs`, with the variables of harness.mjs.

import { linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { closeBrowser, daysAgo, openPage, serve, waitUntil } from "./harness.mjs";

const MARKS = 4900;
after(closeBrowser);

/** @typedef {import("../day/timeline.js").Timeline} Timeline */

/** @param {number[]} times */
function told(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const part = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(1);
  return `median ${part(0.5)} ms, p95 ${part(0.95)} ms, most ${part(1)} ms of ${sorted.length}`;
}

test("bench", async (t) => {
  const day = daysAgo(1);
  const prepare = (/** @type {string} */ root) => {
    const picture = join(root, "Camera1", daysAgo(2), "12-00-00", "12-00-00-00.jpg");
    for (let nth = 0; nth < MARKS; nth++) {
      const second = Math.floor((nth * 86_400) / MARKS);
      const time = new Date(second * 1000).toISOString().slice(11, 19).replaceAll(":", "-");
      const folder = join(root, `Camera${(nth * 7) % 20}`, day, time);
      mkdirSync(folder, { recursive: true });
      linkSync(picture, join(folder, `${time}-00.jpg`));
    }
  };
  const owlery = await serve(t, { prepare, events: [{ day: daysAgo(2), time: "12-00-00", frames: 1 }] });
  const page = await openPage(t, { reducedMotion: "reduce" });
  await page.goto(`${owlery.url}?day=${day}`);
  const element = page.locator("owl-timeline");
  /** @template T @param {(timeline: Timeline) => T} what */
  const ask = (what) => element.evaluate(/** @type {any} */ (what));
  await waitUntil("all marks", () => ask((timeline) => !!timeline.hands && !!timeline.arranged?.isWhole && timeline.arranged.count > 4800));
  const { work, frames } = await element.evaluate(async (/** @type {any} */ timeline) => {
    const [work, frames] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    const { paint } = timeline;
    timeline.paint = (/** @type {number} */ time) => {
      const start = performance.now();
      paint.call(timeline, time);
      work.push(performance.now() - start);
    };
    const overlay = timeline.renderRoot.querySelector(".marks");
    const next = () => new Promise((done) => requestAnimationFrame(done));
    let last = await next();
    for (let nth = 0; nth < 200; nth++) {
      const wheel = { deltaX: nth % 3 ? 0 : nth % 2 ? 20 : -20, deltaY: nth % 3 ? (nth % 40 < 20 ? 12 : -12) : 0, clientX: 640, clientY: 150, cancelable: true };
      overlay.dispatchEvent(new WheelEvent("wheel", wheel));
      const now = await next();
      frames.push(now - last);
      last = now;
    }
    delete timeline.paint;
    timeline.hands.press("day");
    return { work, frames };
  });
  console.log(`${MARKS} marks: work of a frame: ${told(work)}; between frames: ${told(frames)}`);

  for (const what of ["made", "from the cache of the service", "held by the page"]) {
    if (what.startsWith("from")) await page.reload();
    await waitUntil("all marks", () => ask((timeline) => !!timeline.hands && !!timeline.arranged?.isWhole && timeline.arranged.count > 4800));
    const times = await element.evaluate(async (/** @type {any} */ timeline) => {
      const overlay = timeline.renderRoot.querySelector(".marks");
      const { left, top } = overlay.getBoundingClientRect();
      const marks = timeline.arranged.hours.flatMap((/** @type {any} */ hour) => hour.marks).filter((/** @type {any} */ _, /** @type {number} */ nth) => nth % 97 === 50);
      const times = [];
      for (const mark of marks) {
        const [x, y, w, h] = timeline.boxOf(mark);
        const start = performance.now();
        overlay.dispatchEvent(new PointerEvent("pointermove", { clientX: left + x + w / 2, clientY: top + y + h / 2, pointerId: 1 }));
        const until = start + 3000;
        await new Promise((done) => requestAnimationFrame(done));
        while (!timeline.hands.bubble.shown && performance.now() < until) await new Promise((done) => setTimeout(done, 1));
        times.push(performance.now() - start);
      }
      return times;
    });
    console.log(`picture, ${what}: ${told(times)}`);
  }
});
