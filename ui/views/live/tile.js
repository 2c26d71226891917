// A camera on the wall: its pictures as they come, whether it records, and since when there is no picture and why.

import { address } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { look } from "../../core/look.js";
import { local } from "../../core/requests.js";
import { clock, t } from "../../core/texts.js";
import { dayOf, format } from "../../core/time.js";
import { LitElement, css, html, nothing } from "../../vendor/lit.js";
import { to } from "../chips.js";
import { momentOf } from "../words.js";
import { Feed } from "./feed.js";

class Tile extends LitElement {
  static properties = {
    camera: { attribute: false }, event: { attribute: false }, mayStream: { attribute: false }, isPaused: { attribute: false },
    mayWrite: { attribute: false }, isAlone: { attribute: false }, outage: { state: true },
  };
  static styles = [look, css`
    :host {
      display: flex; flex-direction: column; min-width: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line);
      border-radius: var(--round);
    }
    .picture { position: relative; aspect-ratio: 16 / 9; background: #000; }
    canvas, img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
    .line { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .8rem; padding: .35rem .6rem; font-variant-numeric: tabular-nums; }
    h2 { flex: 1; min-width: min(8rem, 100%); overflow: hidden; font-size: 1rem; text-overflow: ellipsis; white-space: nowrap; }
    a { color: var(--mark); }
    .badge { color: var(--bad); font-weight: 600; white-space: nowrap; }
    .badge::before { content: ""; display: inline-block; width: .6rem; height: .6rem; margin-right: .3rem; border-radius: 50%; background: currentColor; }
    .said { position: absolute; inset: auto 0 0; max-height: 100%; overflow: auto; background: var(--card); overflow-wrap: anywhere; }
    .said p { padding: .35rem .6rem; }
    .is-out canvas { opacity: .35; }
    .picture > a { position: absolute; inset: 0; }
    .picture > a:focus-visible { outline-offset: -3px; }
    @media (pointer: coarse) { .line a { display: inline-flex; align-items: center; min-height: 44px; } }
  `];

  constructor() {
    super();
    /** @type {import("../../core/archive.js").Camera} */
    this.camera = { name: "", port: 0, events: 0, saved: 0, bytes: null, first_day: null, last_day: null };
    /** @type {import("../../core/archive.js").Event | null} the newest event */
    this.event = null;
    this.mayStream = false;
    this.isPaused = false;
    this.isAlone = false;
    this.mayWrite = false;
    /** Why there is no picture, and since when; empty while there are. */
    this.outage = "";
    this.last = ""; // the wall time of the last picture
    /** @type {Feed | null} */
    this.feed = null;
    this.wanted = ""; // the camera and kind of the feed
    this.again = () => this.feed?.again();
  }

  connectedCallback() {
    super.connectedCallback();
    archive.addEventListener("refresh", this.again); // the service is back
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    archive.removeEventListener("refresh", this.again);
    this.halt();
  }

  get hasLive() {
    return this.camera.live !== false;
  }

  updated() {
    const { name } = this.camera;
    const wanted = this.isConnected && !this.isPaused && this.hasLive && name ? `${name}/${this.mayStream}` : "";
    if (wanted === this.wanted) return;
    this.halt();
    this.wanted = wanted;
    if (wanted) this.begin(new Feed(name, this.mayStream));
  }

  halt() {
    this.feed?.stop();
    this.feed = null;
    this.wanted = "";
  }

  /** @param {Feed} feed */
  begin(feed) {
    this.feed = feed;
    feed.addEventListener("picture", (message) => this.draw(/** @type {CustomEvent} */ (message).detail));
    feed.addEventListener("outage", () => {
      const since = this.last ? t("live-since", { time: clock(this.last) }) : t("live-none-yet");
      this.outage = feed.why ? `${since}: ${feed.why}` : since;
    });
    feed.start();
  }

  /** @param {ImageBitmap} bitmap */
  draw(bitmap) {
    const canvas = /** @type {HTMLCanvasElement | null} */ (this.renderRoot.querySelector("canvas"));
    if (canvas) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    }
    bitmap.close();
    this.last = format(archive.now);
    this.outage = "";
  }

  render() {
    const { camera: { name }, event } = this;
    return html`${this.hasLive ? this.picture() : this.without()}
      <div class="line"><h2 title=${name}>${name}</h2>
        ${event?.state === "open" ? html`<span class="badge">${t("live-records")}</span>` : nothing}
        ${event ? html`<a href=${address.href({ event: event.id })} @click=${to({ event: event.id })}>
          ${t("live-newest", { time: momentOf(event.start) })}</a>${this.dayLink(dayOf(event.start))}` : nothing}</div>`;
  }

  /** @param {string} day */
  dayLink(day) {
    const change = { view: /** @type {const} */ ("day"), day, at: "", cameras: [this.camera.name] };
    return html`<a href=${address.href(change)} @click=${to(change)}>${t("live-day")}</a>`;
  }

  picture() {
    const { name } = this.camera;
    const canvas = html`<canvas role="img" aria-label=${t("live-picture", { camera: name })}></canvas>`;
    const change = { cameras: [name] };
    return html`<div class="picture ${this.outage ? "is-out" : ""}">
      ${this.isAlone ? canvas : html`<a href=${address.href(change)} title=${t("live-alone")} @click=${to(change)}>${canvas}</a>`}
      <div class="said" role="status">${this.outage ? html`<p class="bad">${this.outage}</p>` : nothing}</div></div>`;
  }

  /** A camera whose live pictures nobody has configured: its newest event, and what to do. */
  without() {
    const { event } = this;
    return html`<div class="picture">
      ${event?.thumbnail ? html`<img src=${local(event.thumbnail)} alt=${t("live-thumbnail", { camera: this.camera.name })}>` : nothing}
      <div class="said"><p>${t(this.mayWrite ? "live-configure" : "live-not-configured")}</p></div></div>`;
  }
}

customElements.define("owl-tile", Tile);
