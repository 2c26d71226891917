// Recordings that the tests of the player need besides those of the harness: movies of other lengths and containers, many frames, events
// that are being recorded.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeEvent } from "./harness.mjs";

/** @type {string | undefined} */
let folder;

/** Makes a file once. @param {string} name @param {string[]} args of ffmpeg */
function made(name, ...args) {
  if (!folder) {
    const made = (folder = mkdtempSync(join(tmpdir(), "owlery-page-recordings-")));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  const file = join(folder, name);
  if (!existsSync(file)) execFileSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args, file]);
  return file;
}

/** A movie of so many seconds, with ten pictures a second. @param {number} seconds */
export function movie(seconds) {
  return made(`${seconds}.mp4`, "-f", "lavfi", "-i", `testsrc=s=320x180:r=10:d=${seconds}`, "-pix_fmt", "yuv420p", "-movflags", "+faststart");
}

/** A movie that browsers do not play. */
export const avi = () => made("movie.avi", "-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=2", "-c:v", "mpeg4");

/** A movie in HEVC, which few browsers play. @param {string} [container] */
export const hevc = (container = "mp4") => made(`hevc.${container}`, "-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=2", "-c:v", "libx265",
  "-pix_fmt", "yuv420p", "-x265-params", "log-level=error");

/** A movie in a container that browsers do not play. */
export const mkv = () => made("movie.mkv", "-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=2", "-pix_fmt", "yuv420p");

/** A picture with a number of its own. @param {number} nth */
export function picture(nth) {
  const color = `0x${two(nth % 100)}8040`;
  return made(`${nth % 100}.jpg`, "-f", "lavfi", "-i", `color=${color}:s=640x360`, "-frames:v", "1");
}

/** Puts a movie into an event in place of its own. @param {string} root @param {string} id @param {string} file @param {string} [name] */
export function putMovie(root, id, file, name = "video.mp4") {
  const to = join(root, id, name);
  copyFileSync(file, to);
  const [, day, time] = id.split("/");
  const end = new Date(`${day}T${time.replaceAll("-", ":")}`);
  utimesSync(to, end, end);
}

const two = (/** @type {number} */ value) => String(value).padStart(2, "0");

/** Writes a frame that Motion has just made, into an event. @param {string} root @param {string} id @param {number} nth @param {Date} [at] */
export function addFrame(root, id, nth, at = new Date()) {
  const name = `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}-${two(nth % 100)}.jpg`;
  copyFileSync(picture(nth), join(root, id, name));
  utimesSync(join(root, id, name), at, at);
  return name;
}

/** An event that begins now, with one frame. @param {string} root @param {string} [camera] @returns its id */
export function beginEvent(root, camera = "Camera1") {
  const now = new Date();
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  const id = `${camera}/${day}/${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-")}`;
  mkdirSync(join(root, id), { recursive: true });
  addFrame(root, id, 0, now);
  return id;
}

/** An event of frames only, ten a second. @param {string} root @param {string} day @param {string} time @param {number} frames @param {string} [camera] */
export function writeFrames(root, day, time, frames, camera = "Camera1") {
  const id = writeEvent(root, { camera, day, time, frames: 0, movie: false });
  const start = new Date(`${day}T${time.replaceAll("-", ":")}`).getTime();
  for (let nth = 0; nth < frames; nth++) addFrame(root, id, nth % 10, new Date(start + nth * 100));
  return id;
}
