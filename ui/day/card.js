// A card: the picture of an event with what one wants to know of it at a glance. It is a link to the event. What is done with the event is
// told to the list: `card` (detail: {kind, id}).

import { address } from "../core/address.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { clock, dayName, duration, t } from "../core/texts.js";
import { lengthOf } from "../core/time.js";
import { LitElement, css, html, live, nothing } from "../vendor/lit.js";
import { Picture, picturesOf } from "./grid/picture.js";
import { spriteOf, tileAt } from "./grid/sprite.js";

/** @typedef {import("../core/archive.js").Event} Event */
/** @typedef {"open" | "toggle" | "range" | "star"} Kind */

const PREFETCH = 120; // milliseconds over a card until its sprite is asked for
const SCRUB = 300; // and until it is shown
const HOLD = 500; // milliseconds of a touch that selects
const STRONG = 20_000; // changed pixels of a full bar

/** What a screen reader says of an event after time, camera and length. @param {Event} event */
function describe(event) {
  const said = [dayName(event.start.slice(0, 10))];
  if (event.state !== "complete") said.push(t(`card-${event.state}`));
  if (event.location !== "local") said.push(t("card-in-store", { store: event.location }));
  if (event.saved) said.push(t("card-saved"));
  if (!event.reviewed) said.push(t("card-unreviewed"));
  if (event.peak_change !== null) said.push(t("card-strength", { strength: event.peak_change }));
  return [...said, ...event.problems].map((part) => `, ${part}`).join("");
}

/** The part of a full bar for a strength. @param {number | null} strength */
export const barOf = (strength) => Math.min(1, Math.sqrt((strength ?? 0) / STRONG));

class Card extends LitElement {
  static properties = {
    event: { attribute: false }, width: { type: Number }, mayWrite: { type: Boolean }, isActive: { type: Boolean }, isSelected: { type: Boolean, reflect: true },
    isSelecting: { type: Boolean, reflect: true }, isLit: { type: Boolean, reflect: true }, tile: { state: true }, isLost: { state: true },
  };
  static styles = [look, css`
    :host { display: block; position: relative; min-width: 0; border-radius: var(--round); }
    a { display: block; color: inherit; text-decoration: none; border-radius: var(--round); -webkit-touch-callout: none; }
    .box { position: relative; display: grid; place-items: center; aspect-ratio: 16 / 9; overflow: hidden; background: #000; border-radius: var(--round); }
    img, .tile { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
    img:not([src]) { visibility: hidden; }
    .tile { margin: auto; background-repeat: no-repeat; background-color: #000; }
    .blank { padding: .5rem; color: #c9cbd0; font-size: .85rem; text-align: center; overflow-wrap: anywhere; }
    .bar { position: absolute; left: 0; bottom: 0; height: 3px; background: #e2a84b; }
    .line { position: relative; display: flex; align-items: center; gap: .5rem; height: 26px; padding: 0 2px; font-size: .8125rem; line-height: 1.4; white-space: nowrap; overflow: hidden; }
    .time { font-weight: 600; font-variant-numeric: tabular-nums; }
    .camera { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; color: var(--soft); }
    .length { color: var(--soft); font-variant-numeric: tabular-nums; }
    .dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--mark); }
    .badges { position: absolute; left: 6px; bottom: 8px; display: flex; flex-wrap: wrap; gap: 4px; max-width: calc(100% - 12px); pointer-events: none; }
    .badge { padding: 1px 6px; border-radius: 4px; background: #000b; color: #fff; font-size: .75rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .badge.open { background: #b3261e; }
    .star, .select { position: absolute; top: 4px; display: grid; place-items: center; width: 32px; height: 32px; min-width: 0; min-height: 0; padding: 0;
      border: 0; border-radius: 50%; background: #0009; color: #fff; }
    .star { right: 4px; }
    .star.on, span.star { color: #ffca6b; }
    .select { left: 4px; cursor: pointer; }
    .select input { width: 18px; height: 18px; margin: 0; }
    .star:not(.on), .select { opacity: 0; }
    :host(:hover) .star, :host(:hover) .select, :host(:focus-within) .star, :host(:focus-within) .select, :host([isselecting]) .select { opacity: 1; }
    :host([isselected]) .box::after { content: ""; position: absolute; inset: 0; border: 3px solid var(--mark); border-radius: var(--round); }
    :host([islit]) { animation: lit 1.6s ease-out; }
    @keyframes lit { from { box-shadow: 0 0 0 6px var(--mark); } to { box-shadow: 0 0 0 6px transparent; } }
    @media (max-width: 559px) {
      .line { flex-wrap: wrap; align-content: flex-start; gap: 0 .4rem; height: 52px; padding-top: 4px; }
      .camera { order: 1; flex-basis: 100%; }
      .length { margin-left: auto; }
    }
    @media (pointer: coarse) {
      .star, .select { width: 44px; height: 44px; top: 0; background: none; }
      .star { right: 0; } .select { left: 0; }
      .star > svg { padding: 0; filter: drop-shadow(0 0 2px #000); }
      .star:not(.on) { opacity: .85; }
      :host(:not([isselecting])) .select { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { :host([islit]) { animation: none; box-shadow: 0 0 0 4px var(--mark); } }
  `];

  constructor() {
    super();
    /** @type {Event} */
    this.event = /** @type {any} */ (null);
    this.width = 320;
    this.mayWrite = false;
    this.isActive = false;
    this.isSelected = false;
    this.isSelecting = false;
    this.isLit = false;
    this.isLost = false;
    /** @type {ReturnType<typeof tileAt> | null} */
    this.tile = null;
    /** @type {Picture | null} */
    this.picture = null;
    this.hover = { timer: 0, at: 0, part: 0, /** @type {import("./grid/sprite.js").Sprite | null} */ sprite: null };
    this.hold = { timer: 0, x: 0, y: 0, isDone: false, isTouch: false };
    this.addEventListener("pointerenter", this.enter);
    this.addEventListener("pointermove", this.move);
    this.addEventListener("pointerleave", this.leave);
    this.addEventListener("pointerdown", this.down);
    for (const end of ["pointerup", "pointercancel"]) this.addEventListener(end, () => clearTimeout(this.hold.timer));
    this.addEventListener("contextmenu", (event) => { if (this.hold.isTouch) event.preventDefault(); });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leave();
    clearTimeout(this.hold.timer);
    // Its picture is ended by the list: a card is connected again at once where it is only moved.
  }

  get link() {
    return /** @type {HTMLAnchorElement | null} */ (this.renderRoot?.querySelector("a"));
  }

  firstUpdated() {
    const image = /** @type {HTMLImageElement} */ (this.renderRoot.querySelector("img"));
    this.picture = new Picture(image, () => { this.isLost = this.picture?.isLost ?? false; });
  }

  updated() {
    this.picture?.show(picturesOf(this.event, this.width));
  }

  /** @param {Kind} kind */
  tell(kind) {
    this.dispatchEvent(new CustomEvent("card", { bubbles: true, detail: { kind, id: this.event.id } }));
  }

  render() {
    const { event } = this;
    const hasPicture = picturesOf(event, this.width).length > 0 && !this.isLost;
    const length = duration(lengthOf(event));
    // There are a hundred cards: their templates have no spaces between elements, and texts as properties, since both are nodes.
    return html`<a href=${address.href({ event: event.id })} tabindex=${this.isActive ? 0 : -1} draggable="false" @click=${this.follow}
      ><div class="box">${hasPicture ? nothing : html`<span class="blank" aria-hidden="true">${event.camera}, ${length}</span>`
      }<img alt="" decoding="async" draggable="false" ?hidden=${!hasPicture}>${this.marks()}</div
      ><div class="line">${event.reviewed ? nothing : html`<span class="dot"></span>`}<span class="time" .textContent=${clock(event.start)}></span> <span
        class="camera" .textContent=${event.camera}></span> <span class="length" .textContent=${length}></span><span class="visually-hidden"
        .textContent=${describe(event)}></span></div></a>${this.star()}<label class="select"><input type="checkbox" tabindex="-1"
        .checked=${live(this.isSelected)} aria-label=${t("card-select", { event: clock(event.start) })} @click=${this.select}></label>`;
  }

  /** What lies over the picture. */
  marks() {
    const { event, tile } = this;
    return [
      tile && html`<span class="tile" .style=${tile.style}></span>`,
      this.badges(),
      event.peak_change && html`<span class="bar" .style=${`width: ${100 * barOf(event.peak_change)}%`}></span>`,
    ].filter(Boolean);
  }

  badges() {
    const { event, tile } = this;
    const shown = [
      tile && html`<span class="badge">+${duration(tile.time * 1000)}</span>`,
      event.state !== "complete" && html`<span class="badge ${event.state}">${t(`card-${event.state}`)}</span>`,
      event.location !== "local" && html`<span class="badge">${t("card-in-store", { store: event.location })}</span>`,
      event.problems.length > 0 && html`<span class="badge">⚠ ${event.problems[0]}</span>`,
    ].filter(Boolean);
    return shown.length ? html`<div class="badges" aria-hidden="true">${shown}</div>` : null;
  }

  star() {
    const { saved, location, start } = this.event;
    if (this.mayWrite && location === "local") {
      return html`<button class="star ${saved ? "on" : ""}" tabindex="-1" aria-pressed=${saved} aria-label=${t("card-star", { event: clock(start) })}
        @click=${() => this.tell("star")}>${icon("star", saved)}</button>`;
    }
    return saved ? html`<span class="star on">${icon("star", true)}</span>` : nothing;
  }

  /** @param {MouseEvent} click */
  follow(click) {
    if (this.hold.isDone || (this.isSelecting && (click.ctrlKey || click.metaKey))) {
      click.preventDefault();
      if (!this.hold.isDone) this.tell("toggle");
      this.hold.isDone = false;
      return;
    }
    if (click.ctrlKey || click.metaKey || click.button) return; // opens another tab
    click.preventDefault();
    const isTouch = /** @type {PointerEvent} */ (click).pointerType === "touch";
    this.tell(click.shiftKey ? "range" : isTouch && this.isSelecting ? "toggle" : "open");
  }

  /** @param {MouseEvent} click */
  select(click) {
    this.tell(click.shiftKey ? "range" : "toggle");
    this.requestUpdate(); // the box shows what is selected, not that it was clicked
  }

  /** @param {PointerEvent} event */
  down({ pointerType, clientX, clientY }) {
    Object.assign(this.hold, { isDone: false, isTouch: pointerType === "touch" });
    if (pointerType !== "touch") return;
    Object.assign(this.hold, { x: clientX, y: clientY });
    this.hold.timer = window.setTimeout(() => {
      this.hold.isDone = true;
      this.tell("toggle");
    }, HOLD);
  }

  /** @param {PointerEvent} event */
  enter({ pointerType }) {
    if (pointerType === "touch") return;
    const { hover } = this;
    hover.at = performance.now();
    hover.timer = window.setTimeout(async () => {
      const wanted = hover.timer;
      const sprite = await spriteOf(this.event.id, () => hover.timer === wanted);
      const rest = SCRUB - (performance.now() - hover.at);
      if (rest > 0) await new Promise((resume) => setTimeout(resume, rest));
      if (hover.timer !== wanted || !sprite) return;
      hover.sprite = sprite;
      this.tile = tileAt(sprite, hover.part);
    }, PREFETCH);
  }

  /** @param {PointerEvent} event */
  move({ pointerType, clientX, clientY }) {
    const { hover, hold } = this;
    if (pointerType === "touch" && Math.hypot(clientX - hold.x, clientY - hold.y) > 10) clearTimeout(hold.timer);
    if (pointerType === "touch") return;
    const { left, width } = this.getBoundingClientRect();
    hover.part = (clientX - left) / width;
    const tile = hover.sprite && tileAt(hover.sprite, hover.part);
    if (tile && tile.nth !== this.tile?.nth) this.tile = tile;
  }

  leave() {
    clearTimeout(this.hover.timer);
    Object.assign(this.hover, { timer: 0, sprite: null });
    this.tile = null;
  }
}

customElements.define("owl-card", Card);
