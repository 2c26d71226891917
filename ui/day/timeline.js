// The timeline of the day view: a lane for each camera, time across. It draws what the archive knows, and asks it for what is in view. What one
// does with it (gestures, keys, pictures) is in timeline/hands.js, which follows when the first view is there.
//
// For tests: `view`, `lanes`, `arranged` (what is drawn), `cursor`, `boxOf(mark)`, `hands.markAt(x, y)`, `hands.bubble.shown`.

import { address, filtersOf, isFiltered, showsHour } from "../core/address.js";
import { archive } from "../core/archive.js";
import { look } from "../core/look.js";
import { locale, t } from "../core/texts.js";
import { DAY, MINUTE, dayOf, parse } from "../core/time.js";
import { LitElement, css, html, nothing, repeat } from "../vendor/lit.js";
import { cursor } from "./cursor.js";
import { AXIS, Painter } from "./timeline/draw.js";
import { loadView } from "./timeline/load.js";
import { Hours, LEAST, arrange, endOf, lanesOf, pack } from "./timeline/marks.js";
import { clamp, fit, pan, toTime, toX } from "./timeline/scale.js";

/** @typedef {import("./timeline/marks.js").Mark} Mark */
/** @typedef {import("./timeline/scale.js").View} View */

const REST = 80; // milliseconds after a movement until something is loaded
const TOLD = 700; // … until the span is told to screen readers
const GLIDE = 200; // milliseconds of an animated jump
const NARROW = 600; // pixels, below which it is that of a phone
const [HIGH, LOW] = [160, 96]; // pixels: the greatest height, of a phone

const forms = [{}, { hour: "2-digit", minute: "2-digit" }, { hour: "2-digit", minute: "2-digit", second: "2-digit" }].map((options) =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", weekday: "short", month: "short", day: "numeric", .../** @type {{}} */ (options) }));

export class Timeline extends LitElement {
  static styles = [look, css`
    :host { display: block; position: relative; z-index: 2; }
    .bar { display: flex; align-items: center; gap: .25rem; padding: .15rem 1rem; font-size: .85rem; }
    .bar span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--soft); }
    @media (max-width: 45rem) { .bar { padding-inline: .6rem; } }
    button { padding: 0 .4rem; }
    @media (pointer: fine) { button { min-height: 1.6rem; min-width: 1.6rem; } }
    .plot { position: relative; border-block: 1px solid var(--line); box-sizing: content-box; }
    canvas { position: absolute; width: 100%; height: 100%; }
    .marks { position: absolute; inset: 0; touch-action: pan-y; cursor: crosshair; user-select: none; -webkit-user-select: none; }
    .marks.axis { cursor: grab; }
    .marks:focus-visible { outline-offset: -2px; }
    .marks > * { pointer-events: none; }
    .bubble {
      position: absolute; top: calc(100% + 4px); left: 0; overflow: hidden; pointer-events: none;
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round); box-shadow: 0 4px 16px var(--shade);
    }
    .bubble.above { top: auto; bottom: calc(100% + 4px); }
    .bubble canvas { display: block; position: static; height: auto; aspect-ratio: 16 / 9; background: var(--back); }
    .bubble p { display: flex; gap: .5rem; padding: .15rem .5rem; font-size: .85rem; white-space: nowrap; }
    .bubble span { overflow: hidden; text-overflow: ellipsis; color: var(--soft); }
  `];

  constructor() {
    super();
    /** @type {View} */
    this.view = { from: 0, to: DAY };
    this.width = 0;
    this.lanes = lanesOf([], 0);
    this.hours = new Hours(archive);
    /** @type {Painter | null} */
    this.painter = null;
    /** @type {import("./timeline/hands.js").Hands | null} */
    this.hands = null;
    /** @type {import("./timeline/marks.js").Arranged | null} */
    this.arranged = null;
    /** @type {{x: number, y: number, isTouch: boolean} | null} */
    this.pointer = null;
    /** @type {Mark | null} the one with the focus */
    this.mark = null;
    this.name = { id: "mark0", text: "" }; // of the element for that mark
    this.texts = { seen: "", told: "" };
    this.isTouched = false; // whether somebody has chosen another view than that of `start`
    this.start = address.state;
    this.cursor = cursor;
    /** @type {{from: View, to: View, start: number} | null} */
    this.glide = null;
    this.moves = 0; // counts what may make a load outdated
    this.frame = 0;
    /** @type {Record<"rest" | "told" | "clock", number | undefined>} */
    this.timers = { rest: undefined, told: undefined, clock: undefined };
    /** @type {[EventTarget, string, (event: any) => void][]} */
    this.listeners = [
      [archive, "change", ({ detail }) => this.#changed(detail)],
      [archive, "cameras", () => { this.#layout(); this.#follow(); }],
      [address, "change", ({ detail }) => this.#moved(detail)],
      [cursor, "time", () => this.#follow()],
      [matchMedia("(prefers-color-scheme: dark)"), "change", () => { this.painter?.readColours(); this.draw(); }],
    ];
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.#layout();
    });
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener);
    this.observer.observe(this);
    this.timers.clock = window.setInterval(() => { if (this.view.from < archive.now && this.view.to > archive.now) this.draw(); }, 1000);
    this.#layout();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener);
    this.observer.disconnect();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.moves++;
  }

  /** Where a part of the view has to be. @returns {View} */
  get bounds() {
    const { range, now } = archive;
    return { from: range ? parse(range.first) : now - DAY, to: Math.max(range ? parse(range.last) + DAY : 0, now) };
  }

  /** The view at the end of an animated jump. */
  get goal() {
    return this.glide?.to ?? this.view;
  }

  get #height() {
    return AXIS + this.lanes.height * this.lanes.names.length;
  }

  #layout() {
    const { cameras } = address.state;
    const { at, day } = this.start;
    const shown = archive.cameras.map(({ name }) => name).filter((name) => !cameras.length || cameras.includes(name));
    this.lanes = lanesOf(shown, (this.width < NARROW ? LOW : HIGH) - AXIS);
    if (!this.isTouched) {
      const from = parse(day || (archive.range?.last ?? dayOf(archive.now)));
      this.view = at ? { from: parse(at) - DAY / 2, to: parse(at) + DAY / 2 } : { from, to: from + DAY };
    }
    this.requestUpdate();
    this.#rest();
  }

  /** Shows another span. @param {View} view @param {boolean} [glides] */
  show(view, glides = false) {
    const to = fit(view, this.bounds);
    this.isTouched = true;
    this.glide = glides && !matchMedia("(prefers-reduced-motion: reduce)").matches ? { from: this.view, to, start: performance.now() } : null;
    if (!this.glide) this.view = to;
    this.#rest();
  }

  /** @param {Readonly<import("../core/address.js").State>} old */
  #moved(old) {
    const { state } = address;
    if (filtersOf(old) !== filtersOf(state)) this.hours.clear();
    // Where one goes to is shown, unless it is in view. Where the list is, shows `cursor`.
    const from = parse(state.at || state.day || dayOf(this.view.from));
    const to = from + (state.at ? 0 : DAY);
    const isOther = state.at !== old.at || state.day !== old.day;
    const isOfList = !!this.cursor.time && this.cursor.time >= from && this.cursor.time < to;
    if (isOther && !isOfList && (from < this.view.from || to > this.view.to)) [this.start, this.isTouched] = [state, false];
    this.#layout();
  }

  /** @param {import("../core/archive.js").Changes} changes */
  #changed(changes) {
    this.hours.change(changes);
    this.hands?.rename();
    this.#rest();
  }

  /** Follows the list. */
  #follow() {
    if (!archive.hasCameras) return; // where it begins is not known yet
    const time = this.cursor.time ?? 0;
    const isIn = () => !time || (time >= this.goal.from && time <= this.goal.to);
    if (!isIn() && !this.isTouched) this.#layout(); // the list may hear of the newest day before this does
    if (isIn() || this.hands?.pointers.isDown) return this.draw();
    const { from, to } = this.goal;
    this.show(pan({ from, to }, time - from - (to - from) * (time < from ? 0.8 : 0.2)), true);
  }

  /** Draws, and when the view rests, loads what it lacks and says what it shows. */
  #rest() {
    this.draw();
    this.moves++;
    clearTimeout(this.timers.rest);
    this.timers.rest = window.setTimeout(async () => {
      if (!archive.cameras.length) return;
      const { moves } = this;
      this.#tell();
      await loadView(this.view, () => moves !== this.moves).catch((error) => archive.fail(error));
      this.take();
    }, REST);
  }

  /** Loads what one does with it. */
  async take() {
    const Hands = await import("./timeline/hands.js").then(({ Hands }) => Hands, () => null); // without the service, it is tried again
    if (!Hands) return;
    const overlay = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".marks"));
    if (overlay && this.hands?.overlay !== overlay) this.hands = new Hands(this, overlay);
  }

  /** Says which span is shown. */
  #tell() {
    const { from, to } = this.view;
    const isDays = from % DAY === 0 && to % DAY === 0;
    const span = forms[isDays ? 0 : to - from >= 10 * MINUTE ? 1 : 2].formatRange(from, isDays ? to - 1 : to);
    const isKnown = this.arranged && (this.arranged.isWhole || !isFiltered(address.state));
    const seen = isKnown ? t("timeline-span", { span, count: this.arranged?.count ?? 0 }) : span;
    if (seen === this.texts.seen) return;
    this.texts.seen = seen;
    this.requestUpdate();
    clearTimeout(this.timers.told);
    if (this.isTouched) this.timers.told = window.setTimeout(() => { this.texts.told = seen; this.requestUpdate(); }, TOLD);
  }

  /** Draws in the next frame. */
  draw() {
    if (!this.frame && this.isConnected) this.frame = requestAnimationFrame((time) => { this.frame = 0; this.paint(time); });
  }

  /** @param {number} time of the frame */
  paint(time) {
    const { painter, lanes, width, pointer, mark } = this;
    if (!painter || !width) return;
    if (this.glide) this.#glideAt(time);
    const { view } = this;
    const { now } = archive;
    this.arranged = arrange(view, this.hours, (day) => archive.counts(day), lanes, isFiltered(address.state));
    painter.paint({
      view, lanes, arranged: this.arranged, boxes: pack(this.arranged, view, width, lanes, AXIS, now),
      shows: (hour) => showsHour(address.state.hours, hour),
      lines: [[now, "good", 2], [this.cursor.time ?? 0, "mark", 2], [pointer ? toTime(view, width, pointer.x) : 0, "text", 1]],
      focus: mark && this.hands?.overlay.matches(":focus") ? this.boxOf(mark) : null,
    }, width, this.#height);
    this.hands?.peek();
  }

  /** @param {number} time */
  #glideAt(time) {
    const { from, to, start } = /** @type {NonNullable<typeof this.glide>} */ (this.glide);
    const left = (1 - clamp((time - start) / GLIDE, 0, 1)) ** 3;
    this.view = { from: to.from + (from.from - to.from) * left, to: to.to + (from.to - to.to) * left };
    if (!left) this.glide = null;
    this.#rest();
  }

  /** The rectangle of a mark in its lane: left, upper edge, width, height. @param {Mark} mark */
  boxOf(mark) {
    const lane = this.lanes.of.get(mark.event.camera) ?? 0;
    const [x, end] = [mark.start, endOf(mark, archive.now)].map((time) => toX(this.view, this.width, time));
    return [x, AXIS + lane * this.lanes.height, Math.max(LEAST, end - x), this.lanes.height - 1];
  }

  render() {
    if (!archive.cameras.length) return nothing;
    const buttons = /** @type {const} */ ([["out", "−"], ["in", "+"], ["day", ""], ["week", ""], ["now", ""]]);
    return html`
      <div class="bar"><span>${this.texts.seen}</span>${buttons.map(([name, sign]) => html`<button type="button"
        aria-label=${t(`timeline-${name}`)} title=${sign ? t(`timeline-${name}`) : nothing}
        @click=${() => this.take().then(() => this.hands?.press(name))}>${sign || t(`timeline-${name}`)}</button>`)}</div>
      <div class="plot">
        <canvas aria-hidden="true"></canvas>
        <div class="marks" role="listbox" tabindex="0" aria-orientation="horizontal" aria-label=${t("timeline")} aria-describedby="keys"
          aria-activedescendant=${this.name.id} @pointerenter=${this.take} @focus=${this.take}>
          ${repeat([this.name], ({ id }) => id, ({ id, text }) => html`<div id=${id} class="visually-hidden" role="option" aria-selected="true"
            aria-label=${text || t("timeline-none")}></div>`)}
        </div>
      </div>
      <p id="keys" class="visually-hidden">${t("timeline-keys")}</p>
      <p class="visually-hidden" aria-live="polite">${this.texts.told}</p>`;
  }

  updated() {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas && this.painter?.canvas !== canvas) this.painter = new Painter(canvas);
    // The attribute `style` is against the Content-Security-Policy.
    if (canvas) /** @type {HTMLElement} */ (canvas.parentElement).style.height = `${this.#height}px`;
    this.draw();
  }
}

customElements.define("owl-timeline", Timeline);
