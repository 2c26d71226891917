// The bar below the stage: play and pause, the position, speed, sound, full screen.

import { icon } from "../core/icon.js";
import { t } from "../core/texts.js";
import { html, nothing } from "../vendor/lit.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

/** `1:05` @param {number} seconds */
const position = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** The value of the field that an event is about. @param {Event} event */
const valueOf = ({ target }) => Number(/** @type {HTMLInputElement} */ (target).value);

/** @param {string} name @param {Parameters<typeof icon>[0]} picture @param {() => unknown} act @param {boolean} [isOff] */
const button = (name, picture, act, isOff = false) => html`<button class="plain" title=${name} aria-label=${name} ?disabled=${isOff}
  @click=${act}>${icon(picture)}</button>`;

/** @param {import("./stage.js").Stage} stage */
export function bar(stage) {
  const { isMuted, isPaused, screen } = stage;
  const [at, all] = [screen?.currentTime ?? 0, screen && Number.isFinite(screen.duration) ? screen.duration : 0];
  const times = `${position(at)} / ${position(all)}`;
  return html`<div class="bar">
    ${button(isPaused ? t("play") : t("pause"), isPaused ? "play" : "pause", () => stage.toggle(), !screen)}
    <input type="range" min="0" max=${all || 1} step="any" aria-label=${t("position")} aria-valuetext=${times} .value=${String(at)}
      ?disabled=${!screen} @input=${(/** @type {Event} */ input) => { if (screen) screen.currentTime = valueOf(input); }}>
    <span class="time">${times}</span>
    <select aria-label=${t("speed")} title=${t("speed")} @change=${(/** @type {Event} */ change) => stage.setSpeed(valueOf(change))}>
      ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === stage.speed}>${speed}×</option>`)}</select>
    ${screen instanceof HTMLVideoElement ? button(isMuted ? t("unmute") : t("mute"), isMuted ? "muted" : "sound", () => stage.mute()) : nothing}
    ${button(t("full-screen"), "full", () => stage.full())}
  </div>`;
}
