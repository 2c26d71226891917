// The live view: a wall of the cameras' pictures as they come, 1, 4 or 9 at a time. Which ones the address says. Up to four are streams, so
// that connections are left for everything else; more are single pictures each second. Nothing is loaded while nobody looks.

import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { fetchJson } from "../core/requests.js";
import { t } from "../core/texts.js";
import { LitElement, css, html, nothing, repeat } from "../vendor/lit.js";
import { cameraChips, chipsStyle } from "./chips.js";
import "./live/tile.js";

/** @typedef {import("../core/archive.js").Event} Event */

const SIZES = [1, 4, 9];
const STREAMS = 4; // at most: a browser opens six connections to a host

class Live extends LitElement {
  static styles = [look, chipsStyle, css`
    :host { display: block; padding: var(--gap) 1rem 1rem; }
    .bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem; margin-bottom: var(--gap); }
    .sizes { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; }
    .wall { display: grid; gap: .5rem; margin: 0 auto; align-content: center; background: var(--back); }
    .of-1 { grid-template-columns: minmax(0, 1fr); max-width: calc((100dvh - 12rem) * 16 / 9); }
    .of-4 { grid-template-columns: repeat(2, minmax(0, 1fr)); max-width: calc((100dvh - 14rem) * 16 / 9); }
    .of-9 { grid-template-columns: repeat(3, minmax(0, 1fr)); max-width: calc((100dvh - 16rem) * 16 / 9); }
    .wall { min-width: min(100%, 20rem); }
    .wall:fullscreen { max-width: none; padding: .5rem max(.5rem, calc((100vw - (100vh - 7rem) * 16 / 9) / 2)); overflow: auto; }
    @media (max-width: 45rem) {
      :host { padding: .5rem; }
      .wall { max-width: none; }
      .of-4 { grid-template-columns: minmax(0, 1fr); }
      .of-9 { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    }
  `];

  constructor() {
    super();
    /** @type {Map<string, Event>} the newest event, by camera */
    this.newest = new Map();
    /** @type {Set<string>} the cameras whose newest event was asked for */
    this.asked = new Set();
    this.redraw = () => this.requestUpdate();
    this.reset = () => {
      this.asked.clear(); // something may have been missed
      this.requestUpdate();
    };
    this.onPut = (/** @type {globalThis.Event} */ message) => this.take(/** @type {CustomEvent} */ (message).detail);
    this.onRemove = (/** @type {globalThis.Event} */ message) => {
      const id = /** @type {CustomEvent} */ (message).detail;
      const camera = id.split("/")[0];
      if (this.newest.get(camera)?.id !== id) return;
      this.newest.delete(camera);
      this.ask(camera);
    };
  }

  /** What this listens to. @returns {[EventTarget, string, (message: globalThis.Event) => void][]} */
  get listeners() {
    const { stream } = archive;
    return [
      [archive, "cameras", this.redraw], [archive, "refresh", this.reset], [address, "change", this.redraw],
      [document, "visibilitychange", this.redraw],
      [stream, "put", this.onPut], [stream, "remove", this.onRemove],
    ];
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener);
  }

  /** Keeps an event if it is the newest of its camera. @param {Event} event */
  take(event) {
    const known = this.newest.get(event.camera);
    if (known && event.start < known.start) return;
    this.newest.set(event.camera, event);
    this.requestUpdate();
  }

  /** Asks for the newest event of a camera, whatever the filters of the address are. @param {string} camera */
  async ask(camera) {
    this.asked.add(camera);
    const { events } = await fetchJson(`api/v1/events?${new URLSearchParams({ camera, limit: "1" })}`).catch(() => ({ events: [] }));
    for (const event of events) this.take(event);
    this.requestUpdate();
  }

  /** The cameras that are chosen, all without a choice. */
  get cameras() {
    const chosen = address.state.cameras;
    return chosen.length ? archive.cameras.filter(({ name }) => chosen.includes(name)) : archive.cameras;
  }

  /** What is on the wall now. */
  get shown() {
    const { cameras } = this;
    const { wall, page: wanted } = address.state;
    const size = SIZES.includes(wall) ? wall : cameras.length > 4 ? 9 : 4;
    const pages = Math.max(1, Math.ceil(cameras.length / size));
    const page = Math.min(wanted, pages - 1);
    return { cameras, size, pages, page, shown: cameras.slice(page * size, (page + 1) * size) };
  }

  updated() {
    for (const { name } of this.shown.shown) if (!this.asked.has(name)) this.ask(name);
  }

  render() {
    const { cameras, size, pages, page, shown } = this.shown;
    const { event, pictures } = address.state;
    const isPaused = Boolean(document.hidden || event || pictures);
    const columns = SIZES.find((size) => shown.length <= size);
    return html`<div class="bar">${cameraChips()}${this.sizes(cameras.length, size, page, pages)}</div>
      ${archive.cameras.length === 0 && archive.status.kind !== "loading" ? html`<p>${t("live-no-camera")}</p>` : nothing}
      <div class="wall of-${columns}">${repeat(shown, ({ name }) => name, (camera) => html`<owl-tile .camera=${camera} .event=${this.newest.get(camera.name) ?? null}
        .mayStream=${shown.length <= STREAMS} 
        .isPaused=${isPaused} .mayWrite=${archive.canWrite} .isAlone=${cameras.length === 1}></owl-tile>`)}</div>`;
  }

  /** @param {number} count @param {number} size @param {number} page @param {number} pages */
  sizes(count, size, page, pages) {
    return html`<div class="sizes">
      ${pages > 1 ? html`<button aria-label=${t("live-before")} ?disabled=${page === 0} @click=${() => address.replace({ page: page - 1 })}>${icon("left")}</button>
        <span aria-live="polite">${t("live-page", { page: page + 1, pages })}</span>
        <button aria-label=${t("live-after")} ?disabled=${page === pages - 1} @click=${() => address.replace({ page: page + 1 })}>${icon("right")}</button>` : nothing}
      ${count > 1 ? html`<span role="group" class="sizes"
        aria-label=${t("live-at-a-time")}>${SIZES.map((each) =>
    html`<button aria-pressed=${each === size} @click=${() => address.replace({ wall: each, page: Math.floor((page * size) / each) })}>${each}</button>`)}</span>` : nothing}
      ${document.fullscreenEnabled ? html`<button @click=${() => this.renderRoot.querySelector(".wall")?.requestFullscreen().catch(() => {})}>
        ${icon("full")} ${t("live-full")}</button>` : nothing}</div>`;
  }
}

customElements.define("owl-live", Live);
