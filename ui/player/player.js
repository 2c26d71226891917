// `<owl-player>`: the event of the address, over the page: its movie or frames on the stage, other cameras, details, and what one can do.

import { actions } from "../core/actions.js";
import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { clock, dayName, shortDayName, t } from "../core/texts.js";
import { SECOND, format, parse } from "../core/time.js";
import { css, html, nothing } from "../vendor/lit.js";
import { details, detailsStyle } from "./details.js";
import { help, meaningOf } from "./keys.js";
import { movieOf } from "./movie.js";
import { loadHour, neighbour } from "./neighbour.js";
import { Sheet } from "./sheet.js";
import "./stage.js";

/** @typedef {import("./movie.js").Details} Details */
/** @typedef {import("../core/archive.js").Event} Event */

const FOLLOW = 1000; // milliseconds between two looks at an event that is recorded
const SETTLE = 150; // milliseconds in which changes are gathered
const SEEK = 10; // seconds

class Player extends Sheet {
  static properties = {
    event: { state: true }, source: { state: true }, problem: { state: true }, playsOn: { state: true }, showsHelp: { state: true },
  };
  static styles = [...Sheet.styles, detailsStyle, css`
    .body { flex: 1; min-height: 0; overflow: auto; overscroll-behavior: contain; }
    .main { display: flex; flex-direction: column; min-width: 0; }
    .problem { padding: 2rem 1rem; }
    /* The camera and the moment: on one line if there is room, else on two. Each is cut only if its line is too short. */
    .head h2 { display: flex; flex-wrap: wrap; column-gap: .35em; }
    .head h2 span { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .head .narrow { display: none; }
    .help {
      position: absolute; z-index: 1; right: .5rem; top: 3.5rem; max-height: calc(100% - 4rem); overflow: auto; padding: .75rem 1rem;
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round); box-shadow: 0 4px 16px var(--shade);
    }
    kbd { font: inherit; font-weight: 600; }
    @media (min-width: 1100px) {
      .body { display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr) 21rem; overflow: hidden; }
      .main, .details { overflow: auto; overscroll-behavior: contain; }
      .details { border-left: 1px solid var(--line); }
      owl-stage { flex: 1 0 16rem; }
      owl-others { flex: none; }
    }
    @media (max-width: 45rem) {
      .head { gap: 0; padding-inline: .25rem; justify-content: space-between; }
      .head .text { display: none; }
      .head h2 { padding-left: .5rem; font-size: 1rem; }
      .head .narrow { display: inline; }
      .head .wide { display: none; }
    }
    @media (max-width: 36rem) {
      .head h2 { order: -2; flex-basis: calc(100% - 4rem); }
      .head .close { order: -1; }
    }
    /* A low window has no room for a head that stays. */
    @media (max-height: 32rem) and (max-width: 1099px) { dialog { overflow: auto; } .body { flex: none; overflow: visible; } }
  `];

  constructor() {
    super();
    /** @type {Details | null} */
    this.event = null;
    /** @type {Details | null} the event as the service said last */
    this.details = null;
    this.source = "";
    this.problem = "";
    this.playsOn = false;
    this.showsHelp = false;
    /** @type {Event | null} the event to come, which the archive may not have */
    this.coming = null;
    /** @type {number | null} the wall time at which it is shown first */
    this.start = null;
    /** @type {Promise<Event | null> | null} what is played next */
    this.following = null;
    this.skipped = 0;
    this.seen = ""; // the event as the archive had it last
    [this.timer, this.settling] = [0, 0];
    /** @type {Promise<unknown>} */
    this.stepping = Promise.resolve();
    this.move = (/** @type {globalThis.Event} */ change) => {
      if (/** @type {CustomEvent} */ (change).detail.event !== address.state.event) this.arrive();
    };
    this.changed = (/** @type {globalThis.Event} */ change) => this.hear(/** @type {CustomEvent} */ (change).detail);
    this.renew = () => {
      this.requestUpdate();
      if (this.problem && archive.status.kind === "ready") this.load();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    address.addEventListener("change", this.move);
    archive.addEventListener("change", this.changed);
    for (const name of ["status", "cameras"]) archive.addEventListener(name, this.renew);
    this.arrive();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    address.removeEventListener("change", this.move);
    archive.removeEventListener("change", this.changed);
    for (const name of ["status", "cameras"]) archive.removeEventListener(name, this.renew);
    clearInterval(this.timer);
    clearTimeout(this.settling);
  }

  /** @returns {import("./stage.js").Stage | null} */
  get stage() {
    return this.renderRoot?.querySelector("owl-stage") ?? null;
  }

  /** Whether the event may be saved and deleted: those of a store are only to be looked at. */
  get canChange() {
    return archive.canWrite && this.event?.location === "local";
  }

  /** Shows the event of the address. */
  arrive() {
    const { event: id, at } = address.state;
    if (!id) return;
    const known = archive.get(id) ?? (this.coming?.id === id ? this.coming : null);
    [this.details, this.source, this.problem, this.following] = [null, "", "", null];
    this.seen = JSON.stringify(archive.get(id) ?? null);
    if (this.coming?.id !== id) this.start = at ? parse(at) : null;
    this.coming = null;
    this.become(known);
    this.load();
  }

  /** @param {Details | null} event */
  become(event) {
    const { start } = this;
    if (event && start !== null && (start < parse(event.start) - SECOND || start > parse(event.end) + SECOND)) this.start = null;
    this.event = event;
    clearInterval(this.timer);
    if (event?.state !== "open") return;
    // One of thousands of frames is asked for less often, since all are listed each time.
    this.timer = window.setInterval(() => { if (!document.hidden) this.load(); }, FOLLOW + (event.images?.length ?? 0));
  }

  /** Asks for all that the service knows of the event. */
  async load() {
    const id = address.state.event;
    if (!id) return; // it is being closed
    try {
      const found = await archive.fetch(id);
      if (id !== address.state.event || !this.isConnected) return;
      const isFirst = !this.details;
      [this.details, this.problem] = [found, ""];
      this.merge();
      if (isFirst) loadHour(found);
    } catch (error) {
      if (id !== address.state.event || !this.isConnected) return;
      if (error.status === 404) {
        actions.notify(t(this.event ? "event-gone" : "event-none"), true);
        this.leave();
      } else this.problem = error.message;
    }
  }

  /** What the archive has is what the stream and the user said last. */
  merge() {
    const known = archive.get(address.state.event);
    if (known || this.details) this.become({ .../** @type {Details} */ (this.details), ...known });
  }

  /** @param {import("../core/archive.js").Changes} changes */
  hear({ events, all }) {
    const id = address.state.event;
    if (!id || (!all && !events.has(id))) return;
    const known = archive.get(id);
    const text = JSON.stringify(known ?? null);
    if (known && text === this.seen && !all) return;
    const wasKnown = this.seen !== "null";
    this.seen = text;
    if (known) this.merge();
    if (known && !wasKnown && !all) return; // its hour was loaded
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => this.load(), SETTLE);
  }

  leave() {
    address.leave({ event: "" });
  }

  /** Shows another event in place of this one. @param {Event} event @param {number | null} [start] */
  go(event, start = null) {
    [this.coming, this.start] = [event, start];
    address.replace({ event: event.id });
    loadHour(event);
  }

  /** Goes to the next event (1) or the previous (-1). @param {1 | -1} direction */
  step(direction) {
    this.stepping = this.stepping.then(async () => {
      if (!this.event || !this.isConnected) return;
      const next = await neighbour(this.event, direction);
      if (next) this.go(next);
      else actions.notify(direction > 0 ? t("no-next") : t("no-previous"));
    }).catch((error) => actions.notify(error.message, true));
  }

  save() {
    if (this.event && this.canChange) actions.save([this.event.id], !this.event.saved);
  }

  /** @param {boolean} [reviewed] */
  async review(reviewed = !this.event?.reviewed) {
    const { event } = this;
    if (!event || event.reviewed === reviewed) return;
    await actions.review([event.id], reviewed);
    if (!archive.get(event.id) && this.event?.id === event.id) this.load(); // the filters leave it out, so the archive says nothing of it
  }

  /** Deletes the event, and shows the next one, else the previous. */
  async erase() {
    const { event } = this;
    if (!event || !this.canChange) return;
    if (event.saved || event.state === "open") return actions.notify(event.saved ? t("saved-stays") : t("open-stays"), true);
    const next = (await neighbour(event, 1).catch(() => null)) ?? (await neighbour(event, -1).catch(() => null));
    if (this.event?.id !== event.id) return;
    if (next) this.go(next);
    else this.leave();
    actions.remove([event.id]);
  }

  /** Finds the next event that plays, and loads its movie. */
  async findNext() {
    let { event } = this;
    const id = event?.id;
    while (event && this.event?.id === id) {
      event = await neighbour(event, 1).catch(() => null);
      if (!event) break;
      try {
        await this.stage?.prepare(event);
        break;
      } catch (failure) {
        if (failure.isPassing) break;
        this.skipped++;
      }
    }
    return event;
  }

  near() {
    if (this.playsOn) this.following ??= this.findNext();
  }

  /** @param {boolean} wasSeen whether the event was watched to its end */
  async end(wasSeen) {
    const { event } = this;
    if (!event) return;
    if (wasSeen && !event.reviewed) this.review(true);
    if (!this.playsOn) return;
    const next = await (this.following ??= this.findNext());
    if (this.event?.id !== event.id || !this.playsOn) return;
    this.following = null;
    if (next) this.go(next);
    if (this.skipped) actions.notify(t("skipped", { count: this.skipped }), true);
    this.skipped = 0;
    if (!next) this.playsOn = false;
  }

  /** @param {import("./movie.js").Failure} failure */
  fail(failure) {
    this.shown();
    if (!this.playsOn || failure.isPassing || this.event?.state === "open") return;
    this.skipped++;
    this.end(false);
  }

  /** The first frame is there: now there is time to look at other cameras. */
  async shown() {
    while (!archive.hasCameras) await new Promise((known) => archive.addEventListener("cameras", known, { once: true }));
    if (archive.cameras.length > 1) await import("./others.js").catch(() => {}); // it is tried again with the next event
    if (this.event && this.isConnected) /** @type {any} */ (this.renderRoot.querySelector("owl-others"))?.look?.(this.event);
  }

  /** A link to the moment that is shown. */
  href() {
    return address.href({ event: address.state.event, at: this.stage ? format(this.stage.wall) : "" });
  }

  async copy() {
    const url = new URL(this.href(), location.href).href;
    try {
      await navigator.clipboard.writeText(url);
      actions.notify(t("copied"));
    } catch {
      actions.notify(url); // without a secure connection browsers have no clipboard
    }
  }

  /** @param {KeyboardEvent} press */
  press(press) {
    const meaning = meaningOf(press);
    const { stage } = this;
    /** @type {Record<string, () => unknown>} */
    const doing = {
      toggle: () => stage?.toggle(), back: () => stage?.seekBy(-SEEK), forward: () => stage?.seekBy(SEEK),
      "frame-back": () => stage?.step(-1), "frame-on": () => stage?.step(1), next: () => this.step(1), previous: () => this.step(-1),
      save: () => this.save(), review: () => this.review(), remove: () => this.erase(),
      full: () => stage?.full(), mute: () => stage?.mute(), "zoom-in": () => stage?.zoom?.by(1.25), "zoom-out": () => stage?.zoom?.by(0.8), "zoom-reset": () => stage?.unzoom(), "play-on": () => this.togglePlayOn(),
      help: () => { this.showsHelp = !this.showsHelp; }, close: () => this.escape(),
    };
    if (!doing[meaning]) return;
    press.preventDefault();
    doing[meaning]();
  }

  /** Leaves the innermost of what is open. */
  escape() {
    if (this.showsHelp) this.showsHelp = false;
    else if (document.fullscreenElement) document.exitFullscreen();
    else if (!this.stage?.unzoom()) this.leave();
  }

  togglePlayOn() {
    this.playsOn = !this.playsOn;
    if (!this.playsOn) return;
    if (this.stage?.screen?.ended) this.end(true);
    else if (this.stage?.nearing) this.near();
  }

  render() {
    const { event } = this;
    return html`<dialog open tabindex="-1" aria-labelledby="title" @click=${(/** @type {MouseEvent} */ click) => {
      // After a click the keys are those of the player again, also Space.
      if (click.detail && /** @type {HTMLElement} */ (click.composedPath()[0]).closest("button")) this.focusSheet();
    }}>
      ${this.head()}
      ${this.showsHelp ? html`<section class="help" aria-label=${t("keys")}>${help(this.canChange)}</section>` : nothing}
      ${event ? html`<div class="body">
        <div class="main">
          <owl-stage .start=${this.start} .playsOn=${this.playsOn} .event=${event} .images=${event.images} .source=${this.source}
            @shown=${this.shown} @nearing=${this.near} @ended=${() => this.end(true)}
            @failed=${(/** @type {CustomEvent} */ { detail }) => this.fail(detail)}></owl-stage>
          ${this.problem ? html`<p class="details bad" role="alert">${t("not-known", { why: this.problem })}</p>` : nothing}
          <owl-others .event=${event} .stage=${this.stage}
            @choose=${(/** @type {CustomEvent} */ { detail }) => this.go(detail, this.stage?.wall)}></owl-others>
        </div>
        ${details(event, this.source || (movieOf(event) ?? ""), {
          href: () => this.href(), copy: () => this.copy(), choose: (url) => { this.source = url; },
        })}
      </div>` : html`<p class=${this.problem ? "problem bad" : "problem"} role="status">
        ${this.problem ? t("not-known", { why: this.problem }) : t("loading")}</p>`}
    </dialog>`;
  }

  /** Which event it is, and what one can do. */
  head() {
    const { event } = this;
    return html`<div class="head">
      ${event ? this.heading(event) : html`<h2 id="title">${address.state.event}</h2>`}
      ${event ? html`
        ${this.button("previous", "left", () => this.step(-1))}
        ${this.button("next", "right", () => this.step(1))}
        <button class="plain" aria-label=${t("play-on")} aria-pressed=${this.playsOn} title="${t("play-on-title")} (O)"
          @click=${this.togglePlayOn}>${icon("through")}<span class="text">${t("play-on")}</span></button>
        ${this.canChange ? this.button("save", "star", () => this.save(), event.saved) : nothing}
        ${this.button("review", "check", () => this.review(), Boolean(event.reviewed))}
        ${this.canChange ? this.button("remove", "trash", () => this.erase()) : nothing}` : nothing}
      <button class="plain" aria-label=${t("keys")} title="${t("keys")} (?)" aria-expanded=${this.showsHelp}
        @click=${() => { this.showsHelp = !this.showsHelp; }}>?</button>
      <button class="plain close" aria-label=${t("close")} title="${t("close")} (Esc)" @click=${this.leave}>${icon("close")}</button>
    </div>`;
  }

  /** @param {Event} event */
  heading({ camera, start }) {
    const [day, time] = [start.slice(0, 10), clock(start)];
    return html`<h2 id="title" title="${camera}, ${dayName(day)}, ${time}"><span>${camera},</span>
      <span><span class="wide">${dayName(day)}</span><span class="narrow">${shortDayName(day)}</span>, ${time}</span></h2>`;
  }

  /** @param {"previous" | "next" | "save" | "review" | "remove"} meaning @param {keyof typeof import("../core/look.js").ICONS} name
   * @param {() => unknown} act @param {boolean} [isPressed] */
  button(meaning, name, act, isPressed) {
    const key = { previous: "P", next: "N", save: "S", review: "R", remove: "Del" }[meaning];
    const text = t(`key-${meaning}`);
    return html`<button class="plain" aria-label=${text} title="${text} (${key})" aria-pressed=${isPressed ?? nothing}
      @click=${act}>${icon(name, meaning === "save" && isPressed)}</button>`;
  }
}

customElements.define("owl-player", Player);
