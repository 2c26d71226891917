import { after, test } from "node:test";
import { closeBrowser, daysAgo, openPage, serve } from "./harness.mjs";
import { movie, putMovie, writeFrames } from "./recordings.mjs";
after(closeBrowser);
const DAY = daysAgo(1);
test("look", async (t) => {
  const owlery = await serve(t, { events: [{ day: DAY, time: "10-00-00" }, { day: DAY, time: "10-05-00", seconds: 20, saved: true },{ day: DAY, time: "10-05-03", seconds: 20, camera: "Camera<b>&2" }, { day: DAY, time: "10-06-00", isBroken: true, seconds: 9 }],
    prepare: (root) => { putMovie(root, `Camera1/${DAY}/10-05-00`, movie(20)); writeFrames(root, DAY, "11-00-00", 120); } });
  const page = await openPage(t, { expects: [/./] });
  const shot = async (n) => page.screenshot({ path: `/tmp/pl/${n}.png` });
  page.on("console", (m) => console.log(m.type(), m.text()));
  await page.goto(`${owlery.url}?event=${encodeURIComponent(`Camera1/${DAY}/10-05-00`)}`);
  await page.waitForFunction(() => document.querySelector("owl-app").shadowRoot.querySelector("owl-player")?.shadowRoot.querySelector("owl-stage")?.screen?.currentTime > 2);
  await shot("a");
  await page.keyboard.press("?"); await shot("help"); await page.keyboard.press("?");
  await page.keyboard.press("n"); await page.waitForTimeout(2500); await shot("b");
  await page.keyboard.press("n"); await page.waitForTimeout(2500); await shot("c");
  await page.keyboard.press("n"); await page.waitForTimeout(1000); await shot("d");
  console.log(page.url());
  await page.setViewportSize({ width: 390, height: 844 }); await shot("e");
  await page.emulateMedia({ colorScheme: "dark" }); await shot("f");
  await page.keyboard.press("Escape");
  console.log(page.url());
});
