// The filters: a bar in which one chooses what the list shows. All of it is in the address.

import { actions } from "../core/actions.js";
import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { duration, number, t } from "../core/texts.js";
import { dayOf, isDay } from "../core/time.js";
import { LitElement, css, html, live, nothing } from "../vendor/lit.js";
import { cursor } from "./cursor.js";
import { hasFilters, removeFilters } from "./grid/head.js";

const LENGTHS = [5, 10, 30, 60, 300]; // seconds
const STRENGTHS = [500, 1000, 2000, 5000, 10_000, 20_000]; // changed pixels
const NIGHT = "22-06";
const DAYTIME = "06-22";
const CUSTOM = "custom";
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));

class Filters extends LitElement {
  static properties = { isCustom: { state: true }, hasRegion: { state: true }, day: { state: true } };
  static styles = [look, css`
    :host { display: block; }
    .bar { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; padding: .5rem 16px; }
    .bar > *, .cameras > * { flex: none; }
    .cameras { display: flex; flex-wrap: wrap; gap: .4rem; }
    button, select, input { font-size: .875rem; border-radius: 22px; max-width: 16rem; }
    input { width: 9.5rem; }
    button span { overflow: hidden; text-overflow: ellipsis; }
    small { color: var(--soft); font-variant-numeric: tabular-nums; }
    button[aria-pressed="true"], .on { border-color: var(--mark); color: var(--mark); background: var(--raised); }
    button svg { width: 16px; height: 16px; flex: none; }
    .pair { display: flex; align-items: center; gap: .25rem; }
    .remove { margin-left: auto; }
    @media (max-width: 45rem) {
      .bar { flex-wrap: nowrap; overflow-x: auto; padding: .4rem 10px; scrollbar-width: none; }
      .cameras { flex-wrap: nowrap; }
      .remove { position: sticky; right: 0; }
    }
    @media (pointer: fine) { button, select, input { min-height: 2rem; padding: .1rem .65rem; } }
  `];

  constructor() {
    super();
    this.isCustom = false;
    this.hasRegion = false; // whether the dialog is open
    this.day = "";
    /** @type {[EventTarget, string, () => void][]} */
    this.listeners = [
      [archive, "cameras", () => this.requestUpdate()],
      [address, "change", () => this.onAddress()],
      [cursor, "time", () => { this.day = cursor.time === null ? "" : dayOf(cursor.time); }],
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

  onAddress() {
    if (!address.state.hours) this.isCustom = false;
    this.requestUpdate();
  }

  render() {
    const { saved, unreviewed, region } = address.state;
    return html`<div class="bar" role="group" aria-label=${t("filters")}>
      ${this.date()}${this.toggle("saved", saved)}${this.toggle("unreviewed", unreviewed)}${this.cameras()}
      ${this.select("min", LENGTHS, (seconds) => t("filter-at-least", { what: duration(seconds * 1000) }))}
      ${this.select("strength", STRENGTHS, (strength) => t("filter-at-least", { what: number(strength) }))}
      ${this.hours()}
      <button aria-pressed=${region.length > 0} @click=${this.openRegion}>${icon("region")}${t("filter-region")}</button>
      ${hasFilters() ? html`<button class="remove" @click=${removeFilters}>${icon("close")}${t("filters-remove")}</button>` : nothing}
    </div>${this.hasRegion ? html`<owl-region @close=${() => { this.hasRegion = false; }}></owl-region>` : nothing}`;
  }

  date() {
    const { range } = archive;
    return html`<input type="date" aria-label=${t("filter-day")} min=${range?.first ?? nothing} max=${range?.last ?? nothing}
      .value=${live(this.day || address.state.day || range?.last || "")} @change=${this.pickDay}>`;
  }

  /** @param {Event} change */
  pickDay({ target }) {
    const input = /** @type {HTMLInputElement} */ (target);
    // A year that is still being typed is no day of the archive.
    if (isDay(input.value) && input.checkValidity()) address.go({ day: input.value, at: "" });
  }

  cameras() {
    const { cameras: chosen } = address.state;
    const known = archive.cameras.map(({ name }) => name);
    const shown = [...archive.cameras, ...chosen.filter((name) => !known.includes(name)).map((name) => ({ name, events: 0 }))];
    if (shown.length < 2 && !chosen.length) return nothing;
    return html`<div class="cameras" role="group" aria-label=${t("filter-cameras")}>
      <button aria-pressed=${!chosen.length} @click=${() => address.go({ cameras: [] })}>${t("filter-all-cameras")}</button>
      ${shown.map(({ name, events }) => html`<button aria-pressed=${chosen.includes(name)} @click=${() => this.pickCamera(name)}>
        <span>${name}</span><small>${number(events)}</small></button>`)}</div>`;
  }

  /** @param {string} name */
  pickCamera(name) {
    const { cameras } = address.state;
    const next = cameras.includes(name) ? cameras.filter((camera) => camera !== name) : [...cameras, name];
    const isAll = archive.cameras.length > 1 && archive.cameras.every((camera) => next.includes(camera.name));
    address.go({ cameras: isAll ? [] : next });
  }

  /** @param {"saved" | "unreviewed"} name @param {boolean} isOn */
  toggle(name, isOn) {
    return html`<button aria-pressed=${isOn} @click=${() => address.go({ [name]: !isOn })}>${t(`filter-${name}`)}</button>`;
  }

  /** @param {"min" | "strength"} name @param {number[]} values @param {(value: number) => string} text */
  select(name, values, text) {
    const value = address.state[name];
    const all = value && !values.includes(value) ? [...values, value].sort((a, b) => a - b) : values;
    return html`<select class=${value ? "on" : ""} aria-label=${t(`filter-${name}`)} .value=${live(String(value))}
      @change=${(/** @type {any} */ { target }) => address.go({ [name]: Number(target.value) })}>
      <option value="0" ?selected=${!value}>${t(`filter-${name}`)}</option>
      ${all.map((each) => html`<option value=${each} ?selected=${each === value}>${text(each)}</option>`)}</select>`;
  }

  hours() {
    const { hours } = address.state;
    const isCustom = this.isCustom || (hours !== "" && hours !== NIGHT && hours !== DAYTIME);
    const value = isCustom ? CUSTOM : hours;
    return html`<select class=${hours ? "on" : ""} aria-label=${t("filter-hours")} .value=${live(value)} @change=${this.pickHours}>
      ${["", NIGHT, DAYTIME, CUSTOM].map((each) => html`<option value=${each} ?selected=${each === value}>${t(`filter-hours-${each || "all"}`)}</option>`)}</select>
      ${isCustom ? this.pair(hours) : nothing}`;
  }

  /** The two hours of a part of the day. @param {string} hours */
  pair(hours) {
    const ends = (hours || NIGHT).split("-");
    /** @param {number} nth @param {string[]} values */
    const end = (nth, values) => html`<select aria-label=${t(nth ? "filter-hours-to" : "filter-hours-from")} .value=${live(ends[nth])}
      @change=${(/** @type {any} */ { target }) => address.go({ hours: (nth ? [ends[0], target.value] : [target.value, ends[1]]).join("-") })}>
      ${values.map((hour) => html`<option value=${hour} ?selected=${hour === ends[nth]}>${hour}:00</option>`)}</select>`;
    return html`<span class="pair">${end(0, HOURS)}–${end(1, [...HOURS, "24"])}</span>`;
  }

  /** @param {any} change */
  pickHours({ target }) {
    this.isCustom = target.value === CUSTOM;
    address.go({ hours: this.isCustom ? address.state.hours || NIGHT : target.value });
  }

  async openRegion() {
    await import("./region.js").then(() => { this.hasRegion = true; }, (error) => actions.notify(t("not-loaded", { why: error.message }), true));
  }
}

customElements.define("owl-filters", Filters);
