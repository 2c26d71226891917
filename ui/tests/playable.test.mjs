// Movies that Motion writes and a browser does not play, of which the service makes others: HEVC, whose file says only when it is opened that it
// cannot be played, and Matroska.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeBrowser, daysAgo, openPage, serve } from "./harness.mjs";
import { ask, show, until } from "./opened.mjs";
import { hevc, mkv, putMovie } from "./recordings.mjs";

after(closeBrowser);

const [DAY, HOSTILE] = [daysAgo(1), `Camera<b>&"'%2F ü`];
const plays = (/** @type {any} */ stage) => stage.screen?.currentTime > 0 && stage.screen.src;

for (const [what, camera, make, name] of /** @type {const} */ ([
  ["HEVC in MP4", "Camera1", hevc, "video.mp4"], ["HEVC in Matroska", HOSTILE, () => hevc("mkv"), "video.mkv"], ["H.264 in Matroska", "Camera1", mkv, "video.mkv"],
])) {
  test(`what is made of ${what} is played`, async (t) => {
    const id = `${camera}/${DAY}/10-00-00`;
    const owlery = await serve(t, { events: [{ camera, day: DAY, time: "10-00-00", movie: false }], prepare: (root) => putMovie(root, id, make(), name) });
    const page = await openPage(t, { expects: [/ERR_/] });
    /** @type {string[]} */
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(owlery.url);
    await page.locator("owl-card").waitFor();
    await show(page, id);
    await until(page, "it plays", plays);
    assert.match(String(await ask(page, plays)), /\/playable\.mp4$/);
    assert.equal(asked.some((path) => path.endsWith(`/${name}`)), name === "video.mp4", "what surely cannot be played is not loaded");
    assert.equal(await page.locator("owl-stage [role=status]").innerText(), "");
    const link = page.locator("owl-player").getByRole("link", { name: "Movie", exact: true });
    assert.match(String(await link.getAttribute("href")), new RegExp(`/${name}$`), "the recording itself is downloaded");
    await page.keyboard.press("Escape");
    await page.locator("owl-player").waitFor({ state: "detached" });
  });
}
