// The part of the list that is in the document: where one has scrolled to, what is laid out, loaded and drawn around that, and how one gets
// elsewhere. Nothing that one looks at moves when something changes. The place of everything is known from counts (`layout.js`); events
// come when their hours are in view (`counted.js`, under filters `found.js`). What is drawn is left to `grid.js`.

import { address, filtersOf, isFiltered } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { dayOf, format, parse } from "../../core/time.js";
import { LitElement } from "../../vendor/lit.js";
import { cursor } from "../cursor.js";
import { Counted, hourKey } from "./counted.js";
import { Found } from "./found.js";
import { cut, layOut, placeAt, rowsWithin, sizesFor, topOf, within } from "./layout.js";
import { findTarget } from "./target.js";

/** @typedef {import("../../core/archive.js").Event} Event */
/** @typedef {import("./steps.js").Spot} Spot */
/** @typedef {{day: string, at: string}} Target what is to be at the top: a day, or the event at or before a moment */

const REST = 80; // milliseconds without scrolling until events are loaded, if it was fast
const SETTLED = 500; // and until the address says where one is
const FAST = 600; // pixels of a frame
const AT_TOP = 8; // pixels scrolled that still are the top
const LIT = 1600; // milliseconds that a card is highlighted
const MOST_OVER = 400; // pixels drawn beyond the viewport: each card there costs nodes, and a picture before it is looked at

export class ListWindow extends LitElement {
  static properties = { stick: { type: Number } };

  constructor() {
    super();
    this.stick = 0;
    this.sizes = sizesFor(innerWidth);
    this.layout = layOut([], this.sizes);
    /** @type {Counted | Found} */
    this.source = new Counted();
    this.isLoaded = false;
    this.isDirty = true;
    this.isCut = { up: false, down: false }; // whether days are left out at an end, since the document would be too high
    /** @type {Error | null} why the last request failed; what is missing is loaded when the service is back */
    this.failure = null;
    this.isGrowing = false;
    this.reach = 1;
    /** @type {Target | null} */
    this.target = null;
    /** the card that one went to last @type {import("./target.js").Goal | null} */
    this.goal = null;
    /** what is drawn, from and to which pixel of the list */
    this.drawn = { from: 0, to: 0 };
    this.isAtTop = true;
    this.shift = 0;
    /** @type {Set<string>} */
    this.drawnIds = new Set();
    this.litId = "";
    this.here = { day: "", at: "" };
    this.loaded = "";
    this.timers = { load: 0, rest: 0, lit: 0 };
    this.last = 0;
    /** @type {Map<string, Event[] | null>} */
    this.known = new Map();
    /** @type {[EventTarget, string, (event: any) => void][]} */
    this.listeners = [
      [archive, "change", (change) => this.onChange(change.detail)],
      [archive, "status", () => this.onStatus()],
      [archive, "cameras", () => this.onCameras()],
      [archive, "refresh", () => this.onRefresh()],
      [archive.stream, "put", (message) => this.onPut(message.detail)],
      [address, "change", (change) => this.onAddress(change.detail)],
      [cursor, "go", (go) => this.goTo({ day: dayOf(go.detail), at: format(go.detail) })],
      [window, "scroll", () => this.onScroll()],
      [window, "resize", () => this.redraw()],
      // A user who scrolls does not want to be taken elsewhere.
      ...["wheel", "touchmove"].map((name) => /** @type {[EventTarget, string, () => void]} */ ([window, name, () => { this.target = null; }])),
    ];
    this.observer = new ResizeObserver(() => { if (this.offsetWidth && this.offsetWidth !== this.lastWidth) this.redraw(); });
    this.lastWidth = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    history.scrollRestoration = "manual"; // the address says where one is
    for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener, { passive: true });
    this.observer.observe(this);
    this.open();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    history.scrollRestoration = "auto";
    for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener);
    this.observer.disconnect();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    cursor.show(null);
  }

  /** Shows what the address says, under its filters. */
  async open() {
    const { day, at } = address.state;
    this.here = { day, at };
    this.source = isFiltered(address.state) ? new Found() : new Counted();
    this.target = { day, at };
    await this.openSource(at && this.source instanceof Found ? at : this.nearest(day || dayOf(at)));
  }

  /** Loads the days around a moment; until they are here nobody goes there. @param {string} moment */
  async openSource(moment) {
    const opening = (this.opening = {});
    [this.isLoaded, this.failure, this.reach] = [false, null, 1];
    await this.attempt(this.source.open(moment));
    if (opening !== this.opening) return;
    this.isLoaded = !this.failure;
    this.redraw();
  }
  opening = {};

  /** Waits for what may fail; it is tried again when the service is back. @param {Promise<unknown>} work */
  async attempt(work) {
    try {
      await work;
    } catch (error) {
      this.failure = error;
      archive.fail(error);
    }
  }

  redraw() {
    this.isDirty = true;
    this.requestUpdate();
  }

  /** @param {import("../../core/archive.js").Changes} changes */
  onChange({ events }) {
    if (this.source instanceof Found) this.source.update(events);
    this.loaded = "";
    this.redraw();
  }

  /** @param {Event} event */
  async onPut(event) {
    if (this.source instanceof Found && (await this.source.consider(event).catch(() => false))) this.redraw();
  }

  onStatus() {
    if (archive.status.kind === "ready") {
      for (const card of this.cards()) card.picture?.again();
    }
    this.requestUpdate();
  }

  onCameras() {
    const { range } = archive;
    const day = range && (this.nearest(address.state.day) || range.last);
    const isElsewhere = day && this.source instanceof Counted && !this.layout.days.length && !this.source.reaches(day);
    if (isElsewhere) this.open(); // the newest day is not of this month
    else this.requestUpdate();
  }

  /** The day of the archive that is nearest to another one. @param {string} day */
  nearest(day) {
    const { range } = archive;
    return !range || !day ? day : day < range.first ? range.first : day > range.last ? range.last : day;
  }

  async onRefresh() {
    const { source } = this;
    if (this.failure && !this.isLoaded) return this.open();
    this.failure = null;
    this.loaded = "";
    await this.attempt(source.refresh());
    this.redraw();
  }

  /** @param {Readonly<import("../../core/address.js").State>} before */
  onAddress(before) {
    const { state } = address;
    if (state.view !== "day") return;
    if (filtersOf(before) !== filtersOf(state)) this.open();
    else if (state.hours !== before.hours) this.redraw();
    else if (state.day !== this.here.day || state.at !== this.here.at) this.goTo({ day: state.day, at: state.at });
  }

  /** Scrolls to a day or a moment, whose days are loaded if they are not here; to the newest event without both. @param {Target} target */
  async goTo(target) {
    const { source } = this;
    this.target = target;
    const day = this.nearest(target.day || dayOf(target.at)) || (archive.range?.last ?? "");
    this.here = { day: target.day, at: target.at };
    const isHere = target.day || target.at ? source.reaches(day) : source.isWhole("up");
    if (isHere) this.redraw();
    else await this.openSource(source instanceof Found ? target.at || target.day : day);
  }

  // What is drawn

  /** How far the list is scrolled below the line at which headings stick. */
  get y() {
    const list = this.renderRoot.querySelector(".list");
    return list ? this.stick - list.getBoundingClientRect().top : 0;
  }

  /** What is at the top: of the first row the card that one went to, or else the first one. */
  get place() {
    const { layout, sizes, goal } = this;
    const place = placeAt(layout, this.y + sizes.dayHead, sizes);
    const index = goal ? (this.eventsOf(goal.day, goal.hour)?.findIndex(({ id }) => id === goal.id) ?? -1) : -1;
    if (!goal || !place || index < 0) return place;
    const isThere = topOf(layout, goal.day, goal.hour, index, sizes) === topOf(layout, place.day, place.hour, place.index, sizes);
    return isThere ? { ...place, hour: goal.hour, index } : place;
  }

  get rowsOfScreen() {
    return Math.max(1, Math.floor((innerHeight - this.stick - this.sizes.dayHead) / this.sizes.row));
  }

  /** @param {string} day @param {number} hour */
  eventsOf(day, hour) {
    const key = hourKey(day, hour);
    if (!this.known.has(key)) this.known.set(key, this.source.events(day, hour));
    return this.known.get(key) ?? null;
  }

  /** @param {Spot} spot */
  eventAt({ day, hour, index }) {
    return this.eventsOf(day, hour)?.[Math.max(0, index)];
  }

  willUpdate() {
    if (this.isDirty) this.layOutAgain();
    this.isDirty = false;
    const over = Math.min(MOST_OVER, innerHeight);
    const y = this.y + this.shift;
    this.drawn = { from: y - over, to: y + innerHeight - this.stick + over };
    this.drawnIds = new Set(within(this.layout.days, this.drawn.from, this.drawn.to).flatMap((day) => (
      within(day.hours, this.drawn.from - day.top, this.drawn.to - day.top).flatMap((hour) => this.drawnOf(day, hour)?.map(({ id }) => id) ?? []))));
    // Chromium keeps images for ever that are changed after they have left the document.
    for (const card of this.cards()) if (!this.drawnIds.has(card.event.id)) card.picture?.stop();
  }

  /** @returns {any[]} */
  cards() {
    return [...this.renderRoot.querySelectorAll("owl-card")];
  }

  /** The events of an hour that are drawn; null if they are not here. @param {import("./layout.js").DayBlock} day @param {import("./layout.js").HourBlock} hour */
  drawnOf({ day, top }, hour) {
    const { drawn, sizes } = this;
    const [first, last] = rowsWithin(hour, drawn.from - top, drawn.to - top, sizes);
    return this.eventsOf(day, hour.hour)?.slice(first * sizes.columns, last * sizes.columns) ?? null;
  }

  /** Lays out everything again so that what one looks at stays where it is. */
  layOutAgain() {
    const { place, layout: old } = this;
    const id = place && place.index >= 0 ? this.eventAt(place)?.id : undefined;
    const oldTop = place && topOf(old, place.day, place.hour, place.index, this.sizes);
    this.lastWidth = this.offsetWidth;
    this.sizes = sizesFor(this.offsetWidth || innerWidth);
    this.known.clear();
    const { days } = this.source;
    const center = this.target ? this.target.day || dayOf(this.target.at) : place?.day;
    const kept = cut(days, center || "9999", this.sizes);
    this.isCut = { up: kept[0] !== days[0], down: kept.at(-1) !== days.at(-1) };
    this.layout = layOut(kept, this.sizes);
    if (this.isAtTop || this.target || !place || oldTop === null) return;
    const index = id === undefined ? -1 : (this.eventsOf(place.day, place.hour)?.findIndex((event) => event.id === id) ?? -1);
    const top = topOf(this.layout, place.day, place.hour, index < 0 ? place.index : index, this.sizes);
    if (top !== null) this.shift = top - oldTop;
  }

  updated() {
    const { target } = this;
    const y = target ? this.topOfTarget(target) : this.y + this.shift;
    this.shift = 0;
    if (y !== null && Math.abs(y - this.y) >= 1) {
      scrollTo({ top: scrollY + y - this.y, behavior: "instant" });
      this.look();
    }
    if (!this.target) this.tellPlace();
    this.load();
  }

  /** Where the list has to be for a target; null as long as that is not known. @param {Target} target */
  topOfTarget(target) {
    const found = this.isLoaded ? findTarget(this, target) : null;
    if (found?.isSure) [this.target, this.goal] = [null, found.goal];
    if (found?.goal) this.highlight(found.goal.id);
    return found ? found.y : null;
  }

  /** Shows shortly which card was meant. @param {string} id */
  highlight(id) {
    this.litId = id;
    clearTimeout(this.timers.lit);
    this.timers.lit = window.setTimeout(() => { this.litId = ""; this.requestUpdate(); }, LIT);
    this.requestUpdate();
  }

  onScroll() {
    const isFast = Math.abs(scrollY - this.last) > FAST;
    this.last = scrollY;
    clearTimeout(this.timers.rest);
    this.timers.rest = window.setTimeout(() => this.settle(), SETTLED);
    clearTimeout(this.timers.load);
    if (isFast) this.timers.load = window.setTimeout(() => this.load(), REST);
    this.look(!isFast);
  }

  /** Draws what is in view now. */
  look(loads = true) {
    const { y } = this;
    const wasAtTop = this.isAtTop;
    this.isAtTop = y <= AT_TOP && this.source.isWhole("up") && !this.isCut.up;
    if (wasAtTop !== this.isAtTop) this.setEdge();
    const bottom = y + innerHeight - this.stick;
    const room = Math.min(MOST_OVER, innerHeight) / 2;
    if (y - room < this.drawn.from || bottom + room > this.drawn.to) this.requestUpdate();
    this.tellPlace();
    if (loads) this.load();
  }

  /** Says what is at the top. */
  tellPlace() {
    const { place } = this;
    if (place) cursor.show(parse(this.eventAt(place)?.start ?? `${hourKey(place.day, place.hour)}:59:59`));
  }

  /** While one has scrolled away, what is newer than what was there then waits: nothing may move. */
  setEdge() {
    const newest = this.source.isWhole("up") && !this.isCut.up ? this.layout.days[0] : undefined;
    const first = newest?.hours[0] && this.eventsOf(newest.day, newest.hours[0].hour)?.[0];
    this.source.setEdge(this.isAtTop ? null : (first ?? /** @type {Event} */ ({ start: format(archive.now), camera: "", id: "" })));
    this.redraw();
  }

  /** Writes into the address where one is. */
  settle() {
    const { view, event, pictures } = address.state;
    if (view !== "day" || event || pictures || this.target || !this.isLoaded) return;
    const place = this.isAtTop ? null : this.place;
    const first = place && place.index >= 0 ? this.eventAt(place) : undefined;
    const isOfDay = place && this.goal?.id !== first?.id && this.layout.days.some(({ day, top }) => day === place.day && Math.abs(top - this.y) < 2);
    this.here = { day: place?.day ?? "", at: isOfDay ? "" : (first?.start ?? "") };
    address.replace(this.here);
  }

  // What is loaded

  /** Loads the events of what is drawn, first those in view, and more days near the ends. */
  async load() {
    if (!this.isLoaded || this.failure) return;
    const { y, layout, source } = this;
    this.grow();
    const bottom = y + innerHeight - this.stick;
    const [from, to] = [y - Math.min(MOST_OVER, innerHeight), bottom + Math.min(MOST_OVER, innerHeight)];
    const key = [this.span(from, to)].flat().map((hour) => hour && hourKey(hour.day, hour.hour)).join();
    if (!layout.days.length || key === this.loaded) return;
    this.loaded = key;
    for (const [newest, oldest] of [this.span(y, bottom), this.span(from, to)]) {
      if (newest && oldest && source === this.source) await this.attempt(source.load(newest, oldest));
    }
  }

  /** The newest and the oldest hour of a part of the list. @param {number} from @param {number} to */
  span(from, to) {
    const hours = within(this.layout.days, from, to).flatMap(({ day, top, hours }) => (
      within(hours, from - top, to - top).map(({ hour }) => ({ day, hour }))));
    return [hours[0], hours.at(-1)];
  }

  async grow() {
    const { y, layout, source } = this;
    const isEmpty = !layout.days.length;
    if (this.isGrowing || (this.target && !isEmpty)) return;
    const room = 2 * innerHeight;
    const isNear = { up: y < room, down: layout.height - y < room + innerHeight };
    if ((this.isCut.up && isNear.up) || (this.isCut.down && isNear.down)) return this.redraw();
    /** @type {"up" | "down" | null} */
    const end = isEmpty && !source.isWhole("down") ? "down" : isNear.up && !source.isWhole("up") ? "up" : isNear.down && !source.isWhole("down") ? "down" : null;
    if (!end) return;
    this.isGrowing = true;
    await this.attempt(source.grow(end, this.reach));
    this.isGrowing = false;
    if (source !== this.source) return;
    this.redraw();
    await this.updateComplete;
    this.reach = this.layout.height - layout.height < innerHeight ? Math.min(this.reach * 2, 64) : 1;
  }
}
