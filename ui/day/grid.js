// The list of events: days, hours and cards, with the focus, the keys and the selection. What part of it is in the document, and where
// one is, is left to `grid/window.js`, what a card is to `card.js`.

import { actions } from "../core/actions.js";
import { address } from "../core/address.js";
import { archive, compareEvents } from "../core/archive.js";
import { look } from "../core/look.js";
import { number, t } from "../core/texts.js";
import { dayOf } from "../core/time.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import "./card.js";
import { hourKey } from "./grid/counted.js";
import { Found } from "./grid/found.js";
import { dayHead, emptyState } from "./grid/head.js";
import { pressKey, toggleSaved } from "./grid/keys.js";
import { pictureWidth, placeAt, rowsWithin, topOf, within } from "./grid/layout.js";
import { step } from "./grid/steps.js";
import { listStyle } from "./grid/style.js";
import { ListWindow } from "./grid/window.js";

/** @typedef {import("../core/archive.js").Event} Event */
/** @typedef {import("./grid/steps.js").Spot} Spot */

export class Grid extends ListWindow {
  static styles = [look, listStyle];

  constructor() {
    super();
    /** @type {(Spot & {id: string, event: Event}) | null} the card that the keys begin at */
    this.active = null;
    this.hadFocus = false; // before it was drawn again
    /** @type {{id: string, base: Set<string>}} from which card on a range is selected, and what was selected before */
    this.pivot = { id: "", base: new Set() };
    this.listeners.push([actions, "selection", () => this.requestUpdate()], [window, "focus-left", () => this.takeFocus()]);
  }

  willUpdate() {
    this.hadFocus = /** @type {ShadowRoot} */ (this.renderRoot).activeElement !== null;
    super.willUpdate();
  }

  updated() {
    super.updated();
    this.keepFocus();
  }

  /** @param {Readonly<import("../core/address.js").State>} before */
  onAddress(before) {
    super.onAddress(before);
    if (before.event && !address.state.event) this.returnTo(before.event);
  }

  /** The focus returns to the card of the event that the player has shown last, or that is nearest to where it was. @param {string} id */
  async returnTo(id) {
    await new Promise(requestAnimationFrame); // until then the page is inert
    const event = archive.get(id);
    const [camera, day, time] = id.split("/");
    const start = event?.start ?? `${day}T${time.replaceAll("-", ":")}`;
    const [shown, hour] = [dayOf(start), Number(start.slice(11, 13))];
    const isLeftOut = !event && this.source instanceof Found; // then nothing has to move
    if (!isLeftOut && !this.source.reaches(shown)) await this.goTo({ day: shown, at: start });
    await this.attempt(this.source.load({ day: shown, hour }, { day: shown, hour }));
    await this.updateComplete;
    const events = this.source.events(shown, hour) ?? [];
    const index = events.findIndex((event) => event.id === id);
    const next = index < 0 ? this.nearestTo(/** @type {Event} */ ({ id, camera, start })) : { day: shown, hour, index };
    if (!next || !(await this.moveTo(next))) this.takeFocus();
  }

  /** The card that has the place of an event that is not there. @param {Event} event */
  nearestTo(event) {
    const [day, hour] = [dayOf(event.start), Number(event.start.slice(11, 13))];
    const events = this.source.events(day, hour) ?? [];
    const older = events.findIndex((each) => compareEvents(each, event) > 0);
    return step(this.layout, { day, hour, index: older < 0 ? events.length : older }, "", this.sizes.columns, 1);
  }

  /** Takes the focus of something that has left the page. Nothing is scrolled for that. */
  takeFocus() {
    if (address.state.event || address.state.pictures) return;
    const { active, drawn, layout } = this;
    const next = active && !this.drawnIds.has(active.id) ? this.nearestTo(active.event) : null;
    const id = (next && this.eventAt(next)?.id) ?? "";
    const card = this.cardOf(id) ?? this.cardOf(this.firstDrawn(within(layout.days, drawn.from, drawn.to)));
    (card?.link ?? /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".list")))?.focus({ preventScroll: true });
  }

  /** Gives the focus to a card, which is scrolled into view; returns its id. @param {Spot} spot */
  async moveTo(spot) {
    this.target = null;
    const { sizes } = this;
    const top = topOf(this.layout, spot.day, spot.hour, spot.index, sizes);
    if (top === null) return "";
    const [first, last] = [this.y + sizes.dayHead, this.y + innerHeight - this.stick];
    const wanted = top - sizes.hourHead < first ? top - sizes.hourHead - first : top + sizes.row > last ? top + sizes.row - last : 0;
    if (wanted) scrollTo({ top: scrollY + wanted, behavior: "instant" });
    this.look();
    await this.load();
    const event = this.eventAt(spot);
    if (!event) return "";
    this.active = { ...spot, id: event.id, event };
    this.requestUpdate();
    await this.updateComplete;
    this.cardOf(event.id)?.link?.focus({ preventScroll: true });
    return event.id;
  }

  /** @param {string} id */
  cardOf(id) {
    return this.cards().find((card) => card.event.id === id);
  }

  /** A card with the focus that has left the document hands it to the list, and gets it back when it returns. */
  keepFocus() {
    const { active, renderRoot } = this;
    const focused = /** @type {ShadowRoot} */ (renderRoot).activeElement;
    const list = /** @type {HTMLElement | null} */ (renderRoot.querySelector(".list"));
    if (!active || !list || !this.hadFocus || (focused && focused !== list)) return;
    const card = this.cardOf(active.id);
    if (card) return card.link?.focus({ preventScroll: true });
    list.focus({ preventScroll: true });
    const events = this.eventsOf(active.day, active.hour) ?? (this.source instanceof Found && !archive.get(active.id) ? [] : null);
    if (!events || events.some(({ id }) => id === active.id)) return; // it is only out of view
    const next = this.nearestTo(active.event);
    if (next) this.moveTo(next);
  }

  /** @param {FocusEvent} event */
  onFocus({ target }) {
    const event = /** @type {any} */ (target)?.event;
    if (!event || this.active?.id === event.id) return;
    const [day, hour] = [dayOf(event.start), Number(event.start.slice(11, 13))];
    this.active = { day, hour, index: Math.max(0, this.eventsOf(day, hour)?.findIndex(({ id }) => id === event.id) ?? 0), id: event.id, event };
    this.requestUpdate();
  }

  /** @param {CustomEvent<{kind: import("./card.js").Kind, id: string}>} event */
  onCard({ detail: { kind, id } }) {
    if (kind === "open") address.go({ event: id });
    else if (kind === "star") toggleSaved([id]);
    else if (kind === "range" && this.pivot.id) this.extend(this.pivot.id, id);
    else this.toggle(id);
  }

  /** @param {string} id */
  toggle(id) {
    actions.toggle(id);
    this.pivot = { id, base: actions.selection };
  }

  /** Selects everything from the pivot to a card. @param {string} from @param {string} to */
  async extend(from, to) {
    if (!this.pivot.id || !actions.selection.size) this.pivot = { id: from, base: new Set([from]) };
    const ends = [this.pivot.id, to].map((id) => archive.get(id)).filter((event) => event !== undefined).sort(compareEvents);
    if (ends.length < 2) return;
    const [newest, oldest] = ends.map(({ start }) => ({ day: dayOf(start), hour: Number(start.slice(11, 13)) }));
    await this.attempt(this.source.load(newest, oldest));
    const hours = this.layout.days.filter(({ day }) => day <= newest.day && day >= oldest.day).flatMap(({ day, hours }) => hours.map(({ hour }) => ({ day, hour })));
    const events = hours.flatMap(({ day, hour }) => this.source.events(day, hour) ?? []);
    const chosen = events.filter((event) => compareEvents(event, ends[0]) >= 0 && compareEvents(event, ends[1]) <= 0);
    actions.select([...this.pivot.base, ...chosen.map(({ id }) => id)]);
  }

  // Drawing

  render() {
    const { layout, drawn } = this;
    const { held } = this.source;
    const isEmpty = !layout.days.length;
    const days = within(layout.days, drawn.from, drawn.to);
    const first = this.firstDrawn(days);
    return html`${isEmpty ? emptyState(this.isLoaded, this.failure) : nothing}${isEmpty && !this.isLoaded && !this.failure ? this.skeleton() : nothing}
      <div class="list" role="group" aria-label=${t("list")} tabindex="-1" .style=${`height: ${layout.height}px`} @card=${this.onCard}
        @keydown=${(/** @type {KeyboardEvent} */ event) => pressKey(this, event)} @focusin=${this.onFocus}>
        ${repeat(days, ({ day }) => day, (block) => this.day(block, first))}</div>
      <div class="more" role="status">${held ? html`<button class="strong" @click=${this.toTop}>${t("list-new", { count: held })}</button>` : nothing}</div>`;
  }

  toTop() {
    address.replace({ day: "", at: "" });
    this.goTo({ day: "", at: "" });
  }

  /** The id of the card that Tab leads to. @param {import("./grid/layout.js").DayBlock[]} days */
  firstDrawn(days) {
    const { active } = this;
    if (active && this.drawnIds.has(active.id)) return active.id;
    const [day] = days.filter(({ hours }) => hours.length);
    const place = placeAt(this.layout, Math.max(0, this.y) + this.sizes.dayHead, this.sizes);
    const spot = place && place.index >= 0 ? place : day && { day: day.day, hour: day.hours[0].hour, index: 0 };
    return (spot && this.eventAt(spot)?.id) ?? "";
  }

  /** @param {import("./grid/layout.js").DayBlock} block @param {string} first */
  day(block, first) {
    const { from, to } = this.drawn;
    const found = this.source instanceof Found ? block.count : null;
    return html`<section .style=${`top: ${block.top}px; height: ${block.height}px`}>${dayHead(block.day, found)}
      ${repeat(within(block.hours, from - block.top, to - block.top), ({ hour }) => hour, (hour) => this.hour(block, hour, first))}</section>`;
  }

  /** @param {import("./grid/layout.js").DayBlock} block @param {import("./grid/layout.js").HourBlock} hour @param {string} tab the id of the card that Tab leads to */
  hour(block, hour, tab) {
    const { sizes, drawn: { from, to } } = this;
    const { day, top } = block;
    const [first, last] = rowsWithin(hour, from - top, to - top, sizes);
    const count = Math.min(hour.count, last * sizes.columns) - first * sizes.columns;
    const events = this.drawnOf(block, hour);
    const width = pictureWidth(sizes.card, devicePixelRatio);
    const columns = Math.min(hour.count, sizes.columns);
    const style = `top: ${sizes.hourHead + first * sizes.row}px; ${this.columns(columns)}`;
    const [left, across] = [sizes.side + hour.column * (sizes.card + sizes.gap), columns * (sizes.card + sizes.gap) - sizes.gap];
    return html`<div class="hour" .style=${`top: ${hour.top}px; height: ${hour.height}px; left: ${left}px; width: ${across}px`}><h3>${hourKey(day, hour.hour).slice(11)}:00
      <small>${number(hour.count)}</small></h3><div class="cards" .style=${style}>
      ${events ? repeat(events, ({ id }) => id, (event) => this.card(event, width, tab)) : Array.from({ length: count }, () => html`<div class="ghost"></div>`)}
    </div></div>`;
  }

  /** @param {Event} event @param {number} width @param {string} tab */
  card(event, width, tab) {
    const { selection } = actions;
    return html`<owl-card .event=${event} .width=${width} .mayWrite=${archive.canWrite} .isActive=${event.id === tab} .isSelected=${selection.has(event.id)}
      .isSelecting=${selection.size > 0} .isLit=${event.id === this.litId}></owl-card>`;
  }

  /** @param {number} columns */
  columns(columns) {
    const { row, gap } = this.sizes;
    return `gap: ${gap}px; grid-template-columns: repeat(${columns}, minmax(0, 1fr)); grid-auto-rows: ${row - gap}px`;
  }

  skeleton() {
    return html`<div class="skeleton cards" aria-hidden="true" .style=${this.columns(this.sizes.columns)}>
      ${Array.from({ length: this.sizes.columns * this.rowsOfScreen }, () => html`<div class="ghost"></div>`)}</div>`;
  }
}

customElements.define("owl-grid", Grid);
