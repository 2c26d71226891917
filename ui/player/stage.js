// `<owl-stage>`: an event's movie, or its frames as a filmstrip, or its picture and why there is nothing else; with what one plays it by
// (`bar.js`). Events: `shown` (the first frame), `nearing` (three seconds are left), `ended`, `failed` (detail: a Failure).

import { archive } from "../core/archive.js";
import { look } from "../core/look.js";
import { clock, duration, t } from "../core/texts.js";
import { SECOND, format, lengthOf, parse } from "../core/time.js";
import { LitElement, html, nothing } from "../vendor/lit.js";
import { bar } from "./bar.js";
import { Filmstrip } from "./filmstrip.js";
import { Failure, causeOf, frameLength, framesOf, isNative, measureFrames, movieOf, newVideo, open, thumbnail, timeOf } from "./movie.js";
import { stageStyle } from "./stage-style.js";
import { Zoom } from "./zoom.js";

/** @typedef {import("./movie.js").Details} Details */
/** @typedef {HTMLVideoElement | Filmstrip} Screen */

const NEAR = 3; // seconds before the end at which the next event is prepared
const ALIKE = 2 * SECOND; // by how much the lengths of a movie and its event may differ

export class Stage extends LitElement {
  static properties = {
    event: { attribute: false }, images: { attribute: false }, source: { attribute: false }, playsOn: { attribute: false },
    failure: { state: true }, progress: { state: true }, speed: { state: true },
  };
  static styles = [look, stageStyle];

  constructor() {
    super();
    /** @type {Details} the event that is shown */
    this.event = /** @type {any} */ (undefined);
    /** @type {import("./movie.js").Picture[] | undefined} its pictures, when they are known */
    this.images = undefined;
    /** The URL of the movie that was chosen; "" for what suits the event best. */
    this.source = "";
    /** Whether one event follows another, so that each plays by itself. */
    this.playsOn = false;
    /** The wall time at which an event that comes begins; null for its start. @type {number | null} */
    this.start = null;
    /** The same of the event that is here, until that is shown. @type {number | null} */
    this.from = null;
    /** @type {Failure | null} */
    this.failure = null;
    /** @type {number | null} how far the making of the movie is */
    this.progress = null;
    this.speed = 1;
    /** @type {Screen | null} what plays; null if a picture is shown */
    this.screen = null;
    this.isShown = false; // the first frame is there
    this.isTold = false; // that it is not shown as it should be
    this.awaitsImages = false;
    this.isMuted = true;
    this.abort = new AbortController();
    /** @type {{id: string, video: HTMLVideoElement, abort: AbortController, done: Promise<void>} | null} the movie to come */
    this.prepared = null;
    this.again = () => { if (archive.status.kind === "ready" && this.failure?.isPassing) this.retry(); };
  }

  connectedCallback() {
    super.connectedCallback();
    archive.addEventListener("status", this.again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    archive.removeEventListener("status", this.again);
    this.abort.abort();
    this.forgetPrepared();
    this.put(null);
  }

  firstUpdated() {
    this.zoom = new Zoom(/** @type {HTMLElement} */ (this.renderRoot.querySelector(".picture")), () => this.screen);
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (!this.event) return;
    const before = changed.get("event");
    const isOther = changed.has("event") && before?.id !== this.event.id;
    if (isOther) this.from = this.start;
    if (isOther || changed.has("source")) this.show();
    else if (before?.state === "open" && this.event.state !== "open") this.complete();
    else if (changed.has("images")) this.renewFrames();
  }

  /** Shows the event: its movie if it has one that is complete, else its frames. */
  async show() {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    [this.failure, this.progress, this.isShown, this.isTold, this.awaitsImages] = [null, null, false, false, false];
    const { event, source } = this;
    const movie = source || movieOf(event);
    const isRecording = event.state === "open" && !source;
    if (isRecording && (!this.images || this.frames.length)) return this.showFrames(null);
    if (!movie) return this.showFrames(this.images && !this.frames.length ? new Failure(t("movie-none")) : null);
    if (isRecording && !isNative(movie)) return this.showFrames(new Failure(t("movie-open")));
    try {
      await this.showMovie(event, movie, signal);
    } catch (failure) {
      if (signal.aborted) return;
      this.fail(failure);
    }
  }

  /** @param {Details} event @param {string} movie @param {AbortSignal} signal */
  async showMovie(event, movie, signal) {
    const prepared = this.prepared?.id === event.id && !this.source ? this.prepared : null;
    if (prepared) this.prepared = null;
    else this.forgetPrepared();
    signal.addEventListener("abort", () => prepared?.abort.abort());
    const video = prepared?.video ?? newVideo(event);
    this.put(video);
    const tell = (/** @type {number} */ progress) => { this.progress = progress; };
    const opened = prepared?.done ?? open(video, event, movie, signal, tell);
    if (this.from !== null) this.wall = this.from;
    video.autoplay = this.playsByItself;
    await opened;
    if (signal.aborted) return;
    [this.progress, this.isShown, this.from] = [null, true, null];
    if (this.playsByItself && video.paused && !video.ended) video.play().catch(() => {});
    video.addEventListener("error", async () => {
      this.from = this.wall;
      const cause = await causeOf(event, video.src);
      if (!signal.aborted) this.fail(cause);
    }, { signal });
    measureFrames(video);
    this.tell("shown");
  }

  /** @param {Failure} failure */
  fail(failure) {
    this.progress = null;
    this.tellFailed(failure);
    this.showFrames(failure);
  }

  /** @param {Failure} failure */
  tellFailed(failure) {
    if (!this.isTold) this.tell("failed", failure);
    this.isTold = true;
  }

  /** Shows the frames; without any the picture, and why there is nothing else. @param {Failure | null} failure */
  showFrames(failure) {
    const { frames } = this;
    if (!frames.length || failure?.isPassing) {
      const isKnown = this.images && !failure?.isPassing;
      this.failure = failure ?? (isKnown && this.event.state === "open" ? new Failure(t("movie-open")) : null);
      this.awaitsImages = !failure?.isPassing;
      this.put(null);
      if (isKnown && failure && this.event.state !== "open") this.tellFailed(failure);
      return;
    }
    this.failure = this.event.state === "open" ? null : failure;
    this.awaitsImages = false;
    const strip = new Filmstrip();
    strip.label = t("movie-of", { camera: this.event.camera });
    strip.isFollowing = this.event.state === "open";
    strip.frames = frames;
    if (this.from !== null) strip.wall = this.from;
    this.from = null;
    strip.addEventListener("loadeddata", () => { this.isShown = true; this.tell("shown"); });
    strip.addEventListener("error", async () => {
      const cause = await causeOf(this.event, strip.frames[0]?.url ?? "");
      if (this.screen !== strip) return;
      this.from = strip.wall;
      this.fail(cause.isPassing ? cause : new Failure(t("frames-none"), { isPassing: true }));
    });
    this.put(strip);
    if (this.playsByItself || strip.isFollowing) strip.play();
  }

  get frames() {
    return framesOf(this.images ?? [], this.event);
  }

  renewFrames() {
    if (this.screen instanceof Filmstrip) {
      if (this.screen.isFollowing) this.screen.frames = this.frames;
    } else if (this.awaitsImages) {
      if (this.failure) this.showFrames(this.failure);
      else this.show();
    }
  }

  /** The recording is over: shows the movie, unless older frames are looked at. */
  complete() {
    const strip = this.screen instanceof Filmstrip ? this.screen : null;
    const isOlder = strip && !strip.isAtEnd;
    if (strip) strip.isFollowing = false;
    if (isOlder) strip.frames = this.frames;
    else if (!(this.screen instanceof HTMLVideoElement) || this.failure) this.show();
  }

  /** Shows it again after a failure, at the same moment. */
  retry() {
    this.show();
  }

  /** Loads the movie of the event that is to follow; throws a `Failure` if there is none that plays. @param {Details} event */
  prepare(event) {
    const movie = movieOf(event);
    if (!movie || event.state === "open" || !isNative(movie)) return Promise.resolve(); // that is soon there, or takes long anyway
    if (this.prepared?.id === event.id) return this.prepared.done;
    this.forgetPrepared();
    const [video, abort] = [newVideo(event), new AbortController()];
    const done = open(video, event, movie, abort.signal);
    done.catch(() => {});
    this.prepared = { id: event.id, video, abort, done };
    return done;
  }

  forgetPrepared() {
    this.prepared?.abort.abort();
    this.prepared?.video.removeAttribute("src");
    this.prepared = null;
  }

  /** Puts something on the stage. @param {Screen | null} screen */
  put(screen) {
    const old = this.screen;
    this.screen = screen;
    if (old === screen) return;
    this.nearing = false;
    if (old instanceof HTMLVideoElement) {
      old.pause();
      old.removeAttribute("src");
      old.load(); // ends its request
    } else old?.pause();
    if (this.zoom && this.zoom.scale > 1) this.zoom.reset();
    this.requestUpdate();
    if (!screen) return;
    screen.playbackRate = this.speed;
    if (screen instanceof HTMLVideoElement) [screen.defaultPlaybackRate, screen.muted] = [this.speed, this.isMuted];
    for (const name of ["timeupdate", "play", "pause", "durationchange", "seeking", "seeked", "ratechange", "volumechange"]) {
      screen.addEventListener(name, () => this.heard(screen));
    }
    screen.addEventListener("ended", () => { if (screen === this.screen) this.tell("ended"); });
  }

  /** @param {Screen} screen */
  heard(screen) {
    if (screen !== this.screen) return;
    this.requestUpdate();
    const left = (screen.duration - screen.currentTime) / this.speed;
    if (!(left <= NEAR) || this.nearing || (screen instanceof Filmstrip && screen.isFollowing)) return;
    this.nearing = true;
    this.tell("nearing");
  }

  /** @param {string} name @param {unknown} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The wall time at which the movie on the stage begins. */
  get begin() {
    const name = decodeURIComponent(this.source.split("/").at(-1) ?? "");
    return (this.source !== movieOf(this.event) && timeOf(name, this.event)) || parse(this.event.start);
  }

  /** The wall time that is shown. */
  get wall() {
    if (this.screen instanceof Filmstrip) return this.screen.wall;
    return this.screen ? this.begin + this.screen.currentTime * 1000 : (this.from ?? parse(this.event.start));
  }

  /** @param {number} wall */
  set wall(wall) {
    if (this.screen instanceof Filmstrip) this.screen.wall = wall;
    else if (this.screen) this.screen.currentTime = Math.max(0, (wall - this.begin) / 1000);
  }

  /** Whether the wall time is a guess: movie and event differ in length. */
  get isVague() {
    const { screen } = this;
    return screen instanceof HTMLVideoElement && screen.duration > 0 && Math.abs(screen.duration * 1000 - lengthOf(this.event)) > ALIKE;
  }

  get playsByItself() {
    return this.playsOn || !matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  get isPaused() {
    return this.screen?.paused ?? true;
  }

  toggle() {
    if (this.screen?.paused) this.screen.play().catch(() => {});
    else this.screen?.pause();
  }

  /** @param {number} seconds */
  seekBy(seconds) {
    if (!this.screen) return;
    this.screen.currentTime = Math.min(Math.max(0, this.screen.currentTime + seconds), this.screen.duration || Infinity);
  }

  /** Shows another frame, and pauses. @param {number} by */
  step(by) {
    const { screen } = this;
    if (screen instanceof Filmstrip) return screen.step(by);
    screen?.pause();
    if (screen) this.seekBy(by * frameLength(screen));
  }

  mute() {
    this.isMuted = !this.isMuted;
    if (this.screen) this.screen.muted = this.isMuted;
    this.requestUpdate();
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    if (this.screen) this.screen.playbackRate = speed;
    if (this.screen instanceof HTMLVideoElement) this.screen.defaultPlaybackRate = speed;
  }

  full() {
    if (document.fullscreenElement) return document.exitFullscreen();
    const video = /** @type {any} */ (this.screen);
    if (this.requestFullscreen) return this.requestFullscreen().catch(() => {});
    return video?.webkitEnterFullscreen?.(); // phones that show only movies so
  }

  /** Leaves the zoom; returns whether it was zoomed. */
  unzoom() {
    return this.zoom?.reset() ?? false;
  }

  render() {
    if (!this.event) return nothing;
    const isOpen = this.event.state === "open";
    return html`
      <div class="picture" @click=${() => { if (!this.zoom?.wasMoved) this.toggle(); }}>${this.screen ?? this.still()}
        <span class="wall">${this.isVague ? "≈ " : ""}${clock(format(this.wall))}</span>
        ${isOpen ? html`<span class="badge">${t("recording")}</span>` : nothing}</div>
      <div class="said" role="status">${this.said()}</div>
      ${bar(this)}
    `;
  }

  /** The picture, while nothing plays. */
  still() {
    const path = thumbnail(this.event, 640);
    const name = `${this.event.camera}, ${duration(lengthOf(this.event))}`;
    return path && !this.failure?.isPassing ? html`<img src=${path} alt=${name}>` : html`<div class="blank">${name}</div>`;
  }

  said() {
    const { failure, progress } = this;
    if (progress !== null) {
      return html`<label>${t("movie-making")} <progress max="1" .value=${progress}></progress> ${Math.floor(progress * 100)} %</label>`;
    }
    if (!failure) return nothing;
    return html`<span>${failure.message}</span>
      ${failure.isPassing ? html`<button @click=${() => this.retry()}>${t("try-again")}</button>` : nothing}`;
  }
}

customElements.define("owl-stage", Stage);
