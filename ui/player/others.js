// `<owl-others>`: what other cameras recorded at the same time, small and in step with the stage. Event: `choose` (detail: the event).

import { archive } from "../core/archive.js";
import { look } from "../core/look.js";
import { fetchJson } from "../core/requests.js";
import { clock, t } from "../core/texts.js";
import { MINUTE, SECOND, format, lengthOf, parse } from "../core/time.js";
import { LitElement, css, html, nothing, repeat } from "../vendor/lit.js";
import { Filmstrip } from "./filmstrip.js";
import { framesOf, isNative, movieOf, newVideo, thumbnail } from "./movie.js";

/** @typedef {import("../core/archive.js").Event} Event */
/** @typedef {HTMLVideoElement | Filmstrip} Screen */

const AROUND = 10 * SECOND; // how far apart events may be
const BEFORE = 15 * MINUTE; // how long before this one others may have begun
const LIMIT = 200;
const MOST = 6; // others that are shown
const OFF = 0.25; // seconds that a movie may be away from the moment
const TICK = 200; // milliseconds between two comparisons

class Others extends LitElement {
  static properties = { event: { attribute: false }, stage: { attribute: false }, found: { state: true } };
  static styles = [look, css`
    :host { display: block; }
    ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem; list-style: none; margin: 0; padding: 0; }
    h3 { margin-bottom: .35rem; }
    section { padding: .5rem .75rem .75rem; }
    li button { display: flex; flex-direction: column; align-items: stretch; width: 100%; padding: 0; overflow: hidden; gap: 0; }
    .small { display: grid; aspect-ratio: 16 / 9; background: #000; color: #fff; min-width: 0; }
    .small > * { width: 100%; height: 100%; min-height: 0; object-fit: contain; }
    .small canvas { display: block; width: 100%; height: 100%; object-fit: contain; }
    .small.out { opacity: .45; }
    .name { padding: .1rem .4rem; text-align: start; overflow: hidden; text-overflow: ellipsis; }
  `];

  constructor() {
    super();
    /** @type {Event} */
    this.event = /** @type {any} */ (undefined);
    /** @type {import("./stage.js").Stage} */
    this.stage = /** @type {any} */ (undefined);
    /** @type {Event[]} */
    this.found = [];
    /** @type {Map<string, Screen>} by event */
    this.screens = new Map();
    this.timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.timer = window.setInterval(() => this.step(), TICK);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
    this.show([]);
  }

  /** Looks for events of other cameras around this one. @param {Event} event */
  async look(event) {
    if (archive.cameras.length < 2) return this.show([]);
    const [from, to] = [parse(event.start) - AROUND, parse(event.end) + AROUND];
    const params = new URLSearchParams({ from: format(from - BEFORE), to: format(to), limit: String(LIMIT) });
    for (const { name } of archive.cameras) if (name !== event.camera) params.append("camera", name);
    /** @type {{events: Event[]}} */
    const { events } = await fetchJson(`api/v1/events?${params}`).catch(() => ({ events: [] }));
    if (this.event?.id !== event.id) return; // another one is shown by now
    this.show(events.filter((other) => parse(other.end) >= from).slice(0, MOST).sort((a, b) => (a.camera < b.camera ? -1 : 1)));
  }

  /** @param {Event[]} events */
  show(events) {
    for (const [id, screen] of this.screens) {
      if (events.some((event) => event.id === id)) continue;
      this.screens.delete(id);
      if (screen instanceof HTMLVideoElement) {
        screen.removeAttribute("src");
        screen.load();
      }
    }
    for (const event of events) if (!this.screens.has(event.id)) this.add(event);
    this.found = events;
  }

  /** @param {Event} event */
  async add(event) {
    const movie = movieOf(event);
    if (movie && event.state === "complete" && isNative(movie)) {
      const video = newVideo(event);
      video.src = movie;
      video.addEventListener("error", () => {
        if (video.hasAttribute("src") && this.screens.get(event.id) === video) this.addFrames(event);
      });
      this.screens.set(event.id, video);
    } else await this.addFrames(event);
  }

  /** @param {Event} event */
  async addFrames(event) {
    this.screens.delete(event.id);
    const { images = [] } = await archive.fetch(event.id).catch(() => ({}));
    const frames = framesOf(images, event);
    if (!frames.length || !this.found.includes(event)) return this.requestUpdate();
    const strip = new Filmstrip();
    strip.label = event.camera;
    strip.frames = frames;
    this.screens.set(event.id, strip);
    this.requestUpdate();
  }

  /** Brings all to the moment of the stage. */
  step() {
    const { stage } = this;
    if (!stage?.event || !this.found.length || document.hidden) return;
    const isMovie = stage.screen instanceof HTMLVideoElement;
    for (const event of this.found) {
      const screen = this.screens.get(event.id);
      if (!screen) continue;
      const want = (stage.wall - parse(event.start)) / 1000;
      const length = screen instanceof Filmstrip ? lengthOf(event) / 1000 : screen.duration || 0;
      const isOut = want < 0 || want > length;
      screen.parentElement?.classList.toggle("out", isOut);
      if (screen instanceof Filmstrip) screen.wall = stage.wall;
      else if (screen.readyState > 0) follow(screen, Math.max(0, Math.min(want, length)), isMovie && !stage.isPaused && !isOut, stage.speed);
    }
  }

  render() {
    if (!this.found.length) return nothing;
    return html`<section aria-label=${t("others")}><h3>${t("others")}</h3><ul>${repeat(this.found, (event) => event.id, (event) => {
      const screen = this.screens.get(event.id);
      const path = thumbnail(event, 320);
      return html`<li><button title=${t("swap")} aria-label="${event.camera}, ${clock(event.start)}" @click=${() => this.choose(event)}>
        <span class="small">${screen ?? (path ? html`<img src=${path} alt="">` : nothing)}</span>
        <span class="name">${event.camera}</span></button></li>`;
    })}</ul></section>`;
  }

  /** @param {Event} event */
  choose(event) {
    this.dispatchEvent(new CustomEvent("choose", { detail: event }));
  }
}

/** Lets a movie play in step. @param {HTMLVideoElement} video @param {number} at @param {boolean} plays @param {number} speed */
function follow(video, at, plays, speed) {
  if (video.playbackRate !== speed) video.playbackRate = speed;
  const off = Math.abs(video.currentTime - at);
  if (!video.seeking && off > (plays ? OFF * Math.max(1, speed) : 0.05)) video.currentTime = at;
  if (plays && video.paused && !video.ended) video.play().catch(() => {});
  else if (!plays && !video.paused) video.pause();
}

customElements.define("owl-others", Others);
