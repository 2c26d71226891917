// The dialog in which one draws the part of the picture in which something has to have moved: with the pointer, the arrows or numbers.

import { address } from "../core/address.js";
import { archive, compareEvents } from "../core/archive.js";
import { look } from "../core/look.js";
import { fetchJson } from "../core/requests.js";
import { t } from "../core/texts.js";
import { LitElement, css, html, live, nothing } from "../vendor/lit.js";
import { picturesOf } from "./grid/picture.js";

/** @typedef {[number, number, number, number]} Region left, upper, right, lower edge, from 0 to 1 */

const STEP = 0.02;
const LEAST = 0.02; // the least width and height
/** @type {Region} */
const MIDDLE = [0.25, 0.25, 0.75, 0.75];

/** @param {number} value */
const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;

/** The rectangle between two corners, which has some size. @param {number} x @param {number} y @param {number} toX @param {number} toY @returns {Region} */
export function between(x, y, toX, toY) {
  /** @param {number} a @param {number} b */
  const span = (a, b) => {
    const [low, high] = [round(Math.min(a, b)), round(Math.max(a, b))];
    return high - low >= LEAST ? [low, high] : low + LEAST <= 1 ? [low, round(low + LEAST)] : [round(1 - LEAST), 1];
  };
  const [left, right] = span(x, toX);
  const [top, bottom] = span(y, toY);
  return [left, top, right, bottom];
}

/** The rectangle moved, or with its lower right corner moved. @param {Region} region @param {string} key @param {boolean} isSize @returns {Region | null} */
export function nudge([left, top, right, bottom], key, isSize) {
  const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] });
  const move = moves[key];
  if (!move) return null;
  if (isSize) return between(left, top, Math.max(left + LEAST, right + move[0]), Math.max(top + LEAST, bottom + move[1]));
  const x = Math.min(1 - right, Math.max(-left, move[0]));
  const y = Math.min(1 - bottom, Math.max(-top, move[1]));
  return between(left + x, top + y, right + x, bottom + y);
}

class RegionDialog extends LitElement {
  static properties = { region: { state: true }, camera: { state: true }, picture: { state: true } };
  static styles = [look, css`
    dialog { width: min(48rem, calc(100vw - 1rem)); max-height: calc(100dvh - 1rem); padding: 1rem; border: 1px solid var(--edge); border-radius: var(--round);
      background: var(--raised); color: var(--text); }
    dialog::backdrop { background: #000a; }
    form { display: grid; gap: .75rem; }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
    .row.end { justify-content: flex-end; }
    .picture { position: relative; width: 100%; background: #000; border-radius: var(--round); overflow: hidden; touch-action: none; cursor: crosshair; user-select: none; }
    .picture.none { aspect-ratio: 16 / 9; }
    img { display: block; width: 100%; pointer-events: none; }
    .rectangle { position: absolute; border: 2px solid #ffca6b; background: #ffca6b33; box-shadow: 0 0 0 100vmax #0007; }
    label { display: flex; align-items: center; gap: .35rem; font-size: .875rem; }
    input { width: 5rem; }
  `];

  constructor() {
    super();
    const { region, cameras } = address.state;
    this.region = /** @type {Region} */ (region.length === 4 ? region : MIDDLE);
    this.camera = cameras[0] ?? archive.cameras.find(({ events }) => events > 0)?.name ?? archive.cameras[0]?.name ?? "";
    this.picture = "";
    /** @type {[number, number] | null} the corner where the pointer went down */
    this.corner = null;
  }

  firstUpdated() {
    /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector("dialog")).showModal();
    this.load();
  }

  /** Shows the newest picture of the camera. */
  async load() {
    const { camera } = this;
    const params = new URLSearchParams({ camera, limit: "5" });
    const { events } = await fetchJson(`api/v1/events?${params}`).catch(() => ({ events: [] }));
    if (camera !== this.camera) return;
    this.picture = events.sort(compareEvents).map((/** @type {any} */ event) => picturesOf(event, 640)[0]).find(Boolean) ?? "";
  }

  render() {
    const [left, top, right, bottom] = this.region;
    const style = `left: ${left * 100}%; top: ${top * 100}%; width: ${(right - left) * 100}%; height: ${(bottom - top) * 100}%`;
    return html`<dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new CustomEvent("close"))}><form method="dialog" @submit=${this.apply}>
      <h2 id="title">${t("region-title")}</h2><p class="soft">${t("region-how")}</p>
      ${archive.cameras.length > 1 ? html`<label>${t("region-camera")} <select .value=${live(this.camera)} @change=${this.pickCamera}>
        ${archive.cameras.map(({ name }) => html`<option value=${name} ?selected=${name === this.camera}>${name}</option>`)}</select></label>` : nothing}
      <div class="picture ${this.picture ? "" : "none"}" tabindex="0" role="application" aria-label=${t("region-keys")} @keydown=${this.press}
        @pointerdown=${this.down} @pointermove=${this.move} @pointerup=${() => { this.corner = null; }}>
        ${this.picture ? html`<img src=${this.picture} alt="">` : nothing}<div class="rectangle" .style=${style}></div></div>
      <div class="row">${["left", "top", "right", "bottom"].map((edge, nth) => this.number(edge, nth))}</div>
      <div class="row end">${address.state.region.length ? html`<button type="button" @click=${this.showAll}>${t("region-remove")}</button>` : nothing}
        <button type="button" @click=${this.close}>${t("region-cancel")}</button><button class="strong">${t("region-apply")}</button></div>
    </form></dialog>`;
  }

  /** @param {string} edge @param {number} nth */
  number(edge, nth) {
    return html`<label>${t(`region-${edge}`)} <input type="number" min="0" max="100" step="1" .value=${live(String(Math.round(this.region[nth] * 100)))}
      @change=${(/** @type {any} */ { target }) => this.type(nth, Number(target.value) / 100)}> %</label>`;
  }

  /** @param {number} nth @param {number} value */
  type(nth, value) {
    const next = [...this.region];
    next[nth] = round(value);
    this.region = between(next[0], next[1], next[2], next[3]);
  }

  /** @param {any} change */
  pickCamera({ target }) {
    this.camera = target.value;
    this.load();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const next = nudge(this.region, event.key, event.shiftKey);
    if (!next) return;
    event.preventDefault();
    this.region = next;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  pointOf({ currentTarget, clientX, clientY }) {
    const { left, top, width, height } = /** @type {Element} */ (currentTarget).getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  /** @param {PointerEvent} event */
  down(event) {
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.corner = this.pointOf(event);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.corner) this.region = between(...this.corner, ...this.pointOf(event));
  }

  apply() {
    address.go({ region: [...this.region] });
  }

  showAll() {
    address.go({ region: [] });
    this.close();
  }

  close() {
    /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector("dialog")).close();
  }
}

customElements.define("owl-region", RegionDialog);
