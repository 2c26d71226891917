// The keys of the player: which press means what, and the list of them.

import { html } from "../vendor/lit.js";
import { t } from "../core/texts.js";

/** @type {Record<string, string>} */
const KEYS = {
  " ": "toggle", k: "toggle", ArrowLeft: "back", ArrowRight: "forward", ",": "frame-back", ".": "frame-on", n: "next", p: "previous",
  s: "save", r: "review", Delete: "remove", f: "full", m: "mute", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "zoom-reset",
  o: "play-on", "?": "help", Escape: "close",
};
/** What a key that is held does again and again. */
const REPEATED = ["back", "forward", "frame-back", "frame-on", "zoom-in", "zoom-out"];
const LIST = [
  ["Space", "toggle"], ["← →", "seek"], [", .", "frame"], ["n", "next"], ["p", "previous"], ["s", "save"], ["r", "review"],
  ["Del", "remove"], ["o", "play-on"], ["f", "full"], ["m", "mute"], ["+ − 0", "zoom"], ["Esc", "close"],
];

/** What a press means; "" if it is for the browser or the field that has the focus. @param {KeyboardEvent} press */
export function meaningOf(press) {
  if (press.altKey || press.ctrlKey || press.metaKey || press.defaultPrevented) return "";
  const target = /** @type {HTMLElement} */ (press.composedPath()[0]);
  const meaning = KEYS[press.key] ?? KEYS[press.key.toLowerCase()] ?? "";
  if (meaning === "close") return meaning;
  if (target.matches?.("textarea, select, input:not([type=range])")) return "";
  if (press.key === " " && target.closest?.("button")) return ""; // presses it
  return press.repeat && !REPEATED.includes(meaning) ? "" : meaning;
}

/** The list of the keys. @param {boolean} canWrite */
export function help(canWrite) {
  const list = LIST.filter(([, meaning]) => canWrite || !["save", "remove"].includes(meaning));
  return html`<dl>${list.map(([keys, meaning]) => html`<dt><kbd>${keys}</kbd></dt><dd>${t(`key-${meaning}`)}</dd>`)}</dl>`;
}
