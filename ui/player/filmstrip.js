// `<owl-filmstrip>`: plays the frames of an event like a movie, 25 a second. It has what a `<video>` has (`play`, `currentTime`, `ended`,
// …), so that the stage treats both alike. The frames to come are loaded and decoded ahead; what fails is told by the event `error`.

const RATE = 25; // frames a second
const AHEAD = 10; // frames that are loaded before they are needed
const KEPT = 40; // decoded frames that are kept
const AT_ONCE = 4; // requests on their way
const MISSES = 5; // failures in a row that mean that no frame can be had

/** @typedef {{url: string, at: number}} Frame `at`: milliseconds of wall time */
/** @typedef {{image: HTMLImageElement, state: "loading" | "ready" | "failed"}} Loaded */

export class Filmstrip extends HTMLElement {
  paused = true;
  playbackRate = 1;
  muted = true;
  /** Whether more frames may come: the newest is shown then, and it does not end. */
  isFollowing = false;
  /** @type {Frame[]} */
  #frames = [];
  /** @type {Map<string, Loaded>} by URL, those used last at the end */
  #loaded = new Map();
  #at = 0; // in frames, with fractions
  #shown = ""; // the URL of the frame that is drawn
  #misses = 0;
  #canvas = document.createElement("canvas");
  #last = 0; // the time of the last step
  #request = 0;

  connectedCallback() {
    this.#canvas.setAttribute("role", "img");
    this.append(this.#canvas);
    this.#load();
    if (!this.paused) this.#run();
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#request);
    for (const { image, state } of this.#loaded.values()) if (state === "loading") image.src = "";
    this.#loaded.clear();
  }

  /** What a screen reader says of the picture. @param {string} text */
  set label(text) {
    this.#canvas.ariaLabel = text;
  }

  get frames() {
    return this.#frames;
  }

  /** @param {Frame[]} frames */
  set frames(frames) {
    const isAtEnd = this.isAtEnd;
    this.#frames = frames;
    // What is recorded is followed; whoever looks at something older stays there.
    if (this.isFollowing && isAtEnd && (this.paused || frames.length - this.#at > RATE)) this.#at = Math.max(0, frames.length - 1);
    this.#at = Math.min(this.#at, frames.length);
    this.#load();
    this.#tell("durationchange");
  }

  get isAtEnd() {
    return this.#at >= this.#frames.length - 1;
  }

  get ended() {
    return this.#frames.length > 0 && !this.isFollowing && this.#at >= this.#frames.length;
  }

  get duration() {
    return this.#frames.length / RATE;
  }

  get currentTime() {
    return this.#at / RATE;
  }

  set currentTime(seconds) {
    this.#at = Math.min(Math.max(0, seconds * RATE), Math.max(0, this.#frames.length - 1));
    this.#load();
    this.#tell("timeupdate");
  }

  /** Fast play shows only every so many frames, so that no more than 25 a second are loaded. */
  get #stride() {
    return this.paused ? 1 : Math.max(1, Math.round(this.playbackRate));
  }

  get #index() {
    return this.#indexAt(this.#at);
  }

  /** The frame that is due at a position. @param {number} at */
  #indexAt(at) {
    const stride = this.#stride;
    return Math.max(0, Math.min(Math.floor((at + 1e-6) / stride) * stride, this.#frames.length - 1));
  }

  /** The wall time of the frame that is shown. */
  get wall() {
    return this.#frames[this.#index]?.at ?? 0;
  }

  /** Shows the last frame that is not later than a wall time. @param {number} wall */
  set wall(wall) {
    const after = this.#frames.findIndex((frame) => frame.at > wall);
    const index = Math.max(0, (after < 0 ? this.#frames.length : after) - 1);
    if (index !== this.#index) this.currentTime = index / RATE;
  }

  async play() {
    if (!this.paused) return;
    if (this.ended) this.#at = 0;
    this.paused = false;
    this.#tell("play");
    this.#run();
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    cancelAnimationFrame(this.#request);
    this.#tell("pause");
  }

  /** Shows the frame so many frames away. @param {number} by */
  step(by) {
    this.pause();
    this.currentTime = (this.#index + by) / RATE;
  }

  /** Tries again what could not be loaded. */
  again() {
    for (const [url, { state }] of this.#loaded) if (state === "failed") this.#loaded.delete(url);
    this.#misses = 0;
    this.#load();
  }

  #run() {
    this.#last = performance.now();
    const step = (/** @type {number} */ now) => {
      this.#advance(Math.max(0, now - this.#last));
      this.#last = Math.max(now, this.#last);
      if (!this.paused && this.isConnected) this.#request = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.#request);
    this.#request = requestAnimationFrame(step);
  }

  /** Goes on by a span of time, unless the frame that is due is not here yet. @param {number} ms */
  #advance(ms) {
    const count = this.#frames.length;
    if (!count) return;
    const before = this.#at;
    const last = this.isFollowing ? Math.max(count - 1, before) : count;
    const next = Math.min(before + (Math.min(ms, 250) / 1000) * RATE * this.playbackRate, last);
    const due = this.#frames[this.#indexAt(next)];
    if ((this.#loaded.get(due.url)?.state ?? "loading") === "loading") return this.#load();
    this.#at = next;
    if (Math.floor(next) !== Math.floor(before)) {
      this.#load();
      this.#tell("timeupdate");
    }
    if (!this.ended) return;
    this.pause();
    this.#load();
    this.#tell("ended");
  }

  /** Draws the frame that is due, and loads the ones after it. */
  #load() {
    if (!this.isConnected || !this.#frames.length) return;
    this.#draw();
    if (this.#misses >= Math.min(MISSES, this.#frames.length)) return;
    const stride = this.#stride;
    const wanted = new Set();
    for (let nth = 0; nth <= AHEAD; nth++) {
      const frame = this.#frames[this.#index + nth * stride];
      if (frame) wanted.add(frame.url);
    }
    let onTheirWay = 0;
    for (const [url, { image, state }] of this.#loaded) {
      if (state !== "loading") continue;
      if (wanted.has(url)) onTheirWay++;
      else {
        this.#loaded.delete(url);
        image.src = ""; // cancels the request
      }
    }
    for (const url of wanted) {
      if (onTheirWay >= AT_ONCE) break;
      if (this.#loaded.has(url)) continue;
      onTheirWay++;
      this.#fetch(url);
    }
    const old = [...this.#loaded.keys()].slice(0, Math.max(0, this.#loaded.size - KEPT));
    for (const url of old) if (!wanted.has(url)) this.#loaded.delete(url);
  }

  /** @param {string} url */
  async #fetch(url) {
    /** @type {Loaded} */
    const loaded = { image: new Image(), state: "loading" };
    this.#loaded.set(url, loaded);
    loaded.image.src = url;
    try {
      await loaded.image.decode();
      loaded.state = "ready";
      this.#misses = 0;
    } catch {
      loaded.state = "failed";
    }
    if (this.#loaded.get(url) !== loaded) return; // not wanted any more
    if (loaded.state === "failed" && ++this.#misses >= Math.min(MISSES, this.#frames.length)) {
      this.pause();
      return this.#tell("error");
    }
    this.#load();
  }

  #draw() {
    const url = this.#frames[this.#index].url;
    const loaded = this.#loaded.get(url);
    if (!loaded) return;
    this.#loaded.delete(url);
    this.#loaded.set(url, loaded); // used last
    if (loaded.state !== "ready" || url === this.#shown) return;
    const { image } = loaded;
    if (this.#canvas.width !== image.naturalWidth) this.#canvas.width = image.naturalWidth;
    if (this.#canvas.height !== image.naturalHeight) this.#canvas.height = image.naturalHeight;
    this.#canvas.getContext("2d")?.drawImage(image, 0, 0);
    const isFirst = !this.#shown;
    this.#shown = url;
    this.dataset.frame = url;
    this.#tell(isFirst ? "loadeddata" : "seeked");
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

customElements.define("owl-filmstrip", Filmstrip);
