// The calendar: months with a table each, the newest first, whose days are links with the number of their events, shaded by it. It marks
// what is not reviewed, what is saved, and what goes next. Older months come as one scrolls.

import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { fetchJson } from "../core/requests.js";
import { dayName, locale, monthName, number, t, weekdayName } from "../core/texts.js";
import { addDays, dayOf, lastDay, monthsOf, parse } from "../core/time.js";
import { LitElement, html, nothing } from "../vendor/lit.js";
import { expiries } from "./calendar/expiry.js";
import { style } from "./calendar/style.js";
import { cameraChips, chipsStyle, to } from "./chips.js";

const MONTHS = 6; // months that are added at a time
const SETTLE = 300; // milliseconds in which reasons to ask for the plan again are gathered
const STEPS = 5; // shades

/** The first day of the week here: 1 is Monday, 7 Sunday. */
const firstWeekday = (() => {
  const here = /** @type {any} */ (new Intl.Locale(locale));
  return (here.getWeekInfo?.() ?? here.weekInfo)?.firstDay ?? 1;
})();

/** The column of a day. @param {string} day */
const columnOf = (day) => (new Date(parse(day)).getUTCDay() + 7 - (firstWeekday % 7)) % 7;

/** `12,345`; `123K` beyond what has room. @param {number} count */
const brief = (count) => (count < 100_000 ? number(count) : new Intl.NumberFormat(locale, { notation: "compact" }).format(count));

class Calendar extends LitElement {
  static properties = { months: { state: true }, focused: { state: true }, error: { state: true } };
  static styles = [look, chipsStyle, style];

  constructor() {
    super();
    this.months = MONTHS;
    /** The day that Tab reaches; arrows move it. */
    this.focused = "";
    this.error = "";
    /** @type {any} what the service plans, if it has said so */
    this.retention = null;
    /** @type {Map<string, import("./calendar/expiry.js").Expiry[]>} what goes next, by day */
    this.expiries = new Map();
    this.most = 1; // the events of the darkest days
    this.loadedFor = ""; // the months that were asked for
    this.isPlaced = false;
    this.redraw = () => this.requestUpdate();
    this.again = () => { if (archive.status.kind === "ready" && this.error) this.load(); };
    this.plan = () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.loadPlan(), SETTLE);
    };
    this.observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting) && this.hasMore) this.months += MONTHS;
    }, { rootMargin: "600px" });
  }

  connectedCallback() {
    super.connectedCallback();
    for (const name of ["change", "cameras"]) archive.addEventListener(name, this.redraw);
    archive.addEventListener("status", this.again);
    archive.addEventListener("refresh", this.plan);
    archive.stream.addEventListener("pass", this.plan);
    address.addEventListener("change", this.redraw);
    this.focused = address.state.day;
    this.loadPlan();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const name of ["change", "cameras"]) archive.removeEventListener(name, this.redraw);
    archive.removeEventListener("status", this.again);
    archive.removeEventListener("refresh", this.plan);
    archive.stream.removeEventListener("pass", this.plan);
    address.removeEventListener("change", this.redraw);
    clearTimeout(this.timer);
    this.observer.disconnect();
  }

  /** Asks what goes next; without an answer the days have no marks. */
  async loadPlan() {
    this.retention = await fetchJson("api/v1/retention").catch(() => null);
    this.requestUpdate();
  }

  get today() {
    return dayOf(archive.now);
  }

  /** The first and the last day that are links: with anything, or today. */
  get span() {
    const { range } = archive;
    if (!range) return null;
    return { first: range.first, last: range.last > this.today ? range.last : this.today };
  }

  /** All months, the newest first. */
  get allMonths() {
    return this.span ? monthsOf(this.span.first, this.span.last).reverse() : [];
  }

  get hasMore() {
    return this.months < this.allMonths.length;
  }

  /** Loads the counts of the months that are shown. */
  async load() {
    const shown = this.allMonths.slice(0, this.months);
    if (shown.length === 0) return;
    try {
      await archive.loadDays(`${shown.at(-1)}-01`, lastDay(shown[0]));
      this.error = "";
    } catch (error) {
      this.error = error.message;
      archive.fail(error);
    }
  }

  willUpdate() {
    const { span } = this;
    if (span && !(this.focused >= span.first && this.focused <= span.last)) this.focused = this.today <= span.last ? this.today : span.last;
    this.ensure(this.focused);
  }

  updated() {
    const shown = `${this.months} ${this.span?.first} ${this.span?.last}`;
    if (this.span && shown !== this.loadedFor) this.load();
    this.loadedFor = shown;
    const end = this.renderRoot.querySelector(".end");
    this.observer.disconnect(); // so that it says again whether the end is near
    if (end) this.observer.observe(end);
    if (this.span && !this.isPlaced) {
      this.isPlaced = true;
      if (address.state.day) this.link(this.focused)?.scrollIntoView({ block: "center" });
    }
  }

  /** Shows enough months to include a day. @param {string} day */
  ensure(day) {
    const nth = this.allMonths.indexOf(day.slice(0, 7));
    if (nth >= this.months) this.months = nth + 2;
  }

  /** @param {string} day @returns {HTMLElement | null} */
  link(day) {
    return this.renderRoot.querySelector(`a[data-day="${day}"]`);
  }

  /** @param {KeyboardEvent} press */
  async press(press) {
    const { span } = this;
    const from = /** @type {HTMLElement} */ (press.target).dataset.day;
    if (!span || !from || press.ctrlKey || press.altKey || press.metaKey) return;
    const to = target(from, press.key);
    if (!to) return;
    press.preventDefault();
    this.focused = to < span.first ? span.first : to > span.last ? span.last : to;
    this.ensure(this.focused);
    await this.updateComplete;
    this.link(this.focused)?.focus();
  }

  render() {
    if (!this.span) {
      return html`<div class="all">${cameraChips()}<p>${t(archive.status.kind === "loading" ? "calendar-loading" : "calendar-empty")}</p></div>`;
    }
    const months = this.allMonths.slice(0, this.months);
    const cameras = address.state.cameras.length ? address.state.cameras : archive.cameras.map(({ name }) => name);
    this.expiries = this.retention ? expiries(this.retention, cameras, this.today) : new Map();
    this.most = this.reference(months);
    return html`<div class="all">
      ${cameraChips()}
      ${this.error ? html`<p class="bad">${t("calendar-failed", { why: this.error })} <button @click=${this.load}>${t("calendar-retry")}</button></p>` : nothing}
      ${this.legend()}
      <div class="months" @keydown=${this.press}>${months.map((month) => this.month(month))}</div>
      <div class="end"></div>
    </div>`;
  }

  /** The number of events that has the darkest shade: that of the 95th of 100 days, so that a single one does not pale all others.
   * @param {string[]} months */
  reference(months) {
    const counts = archive.daysBetween(`${months.at(-1)}-01`, lastDay(months[0])).map((day) => totals(day).events).filter(Boolean).sort((a, b) => a - b);
    return counts[Math.floor(0.95 * (counts.length - 1))] ?? 1;
  }

  legend() {
    const shades = Array.from({ length: STEPS }, (_, nth) => html`<span class="swatch shade-${nth + 1}"></span>`);
    return html`<p class="legend soft"><span>${t("calendar-fewer")} ${shades} ${t("calendar-more")}</span>
      <span><i class="dot"></i> ${t("calendar-unreviewed")}</span><span class="star">${icon("star", true)} ${t("calendar-saved")}</span>
      ${this.expiries.size ? html`<span><span class="swatch goes-next"></span> ${t("calendar-next")}</span>
        <span><span class="swatch goes-soon"></span> ${t("calendar-soon")}</span>` : nothing}</p>`;
  }

  /** @param {string} month */
  month(month) {
    const first = `${month}-01`;
    const days = Number(lastDay(month).slice(8));
    const lead = columnOf(first);
    const weeks = Array.from({ length: Math.ceil((lead + days) / 7) }, (_, nth) => addDays(first, 7 * nth - lead));
    const sum = archive.daysBetween(first, lastDay(month)).reduce((sum, day) => sum + totals(day).events, 0);
    return html`<section><h2 id=${month}>${monthName(first)}</h2> <span class="soft">${t("calendar-events", { count: sum })}</span>
      <table role="grid" aria-labelledby=${month}>
      <thead><tr>${Array.from({ length: 7 }, (_, nth) => html`<th scope="col">${weekdayName(addDays(weeks[0], nth))}</th>`)}</tr></thead>
      <tbody>${weeks.map((week) => html`<tr>${Array.from({ length: 7 }, (_, nth) => this.cell(addDays(week, nth), month))}</tr>`)}</tbody></table></section>`;
  }

  /** @param {string} day @param {string} month */
  cell(day, month) {
    const { span, today } = this;
    if (!day.startsWith(month)) return html`<td></td>`;
    if (!span || day < span.first || day > span.last) return html`<td><span class="day soft">${Number(day.slice(8))}</span></td>`;
    const { events, saved, unreviewed, loose } = totals(day);
    const expiry = events > saved || loose ? this.expiriesOf(day) : [];
    const goes = expiry.length === 0 ? "" : expiry.some(({ isNext }) => isNext) ? "goes-next" : "goes-soon";
    const shade = events ? Math.max(1, Math.ceil(STEPS * Math.sqrt(Math.min(1, events / this.most)))) : 0;
    const change = /** @type {const} */ ({ view: "day", day, at: "" });
    const why = expiry.map(({ text }) => text).join("\n");
    return html`<td><a href=${address.href(change)} data-day=${day} tabindex=${day === this.focused ? "0" : "-1"} class="day shade-${shade} ${goes}"
      aria-current=${day === today ? "date" : nothing} title=${why || nothing}
      @click=${to(change)} @focus=${() => { this.focused = day; }}>
      <span class="top" aria-hidden="true">${Number(day.slice(8))}
        ${saved ? html`<span class="star">${icon("star", true)}</span>` : nothing}
        ${unreviewed ? html`<i class="dot"></i>` : nothing}</span>
      <b aria-hidden="true" class=${events > 9999 ? "long" : ""}>${events ? brief(events) : loose ? "·" : ""}</b>
      <span class="visually-hidden">${words({ day, events, saved, unreviewed, loose }, why)}</span></a></td>`;
  }

  /** What takes events of a day: of cameras that have any that are not saved. @param {string} day @returns {import("./calendar/expiry.js").Expiry[]} */
  expiriesOf(day) {
    const counts = archive.counts(day);
    return (this.expiries.get(day) ?? []).filter(({ camera }) => counts.some((count) => count.camera === camera && (count.events > count.saved || count.loose)));
  }
}

/** The counts of a day of the cameras that are shown. @param {string} day */
function totals(day) {
  let [events, saved, unreviewed, loose] = [0, 0, 0, 0];
  for (const counts of archive.counts(day)) {
    events += counts.events;
    saved += counts.saved;
    unreviewed += counts.reviewed === undefined ? 0 : counts.events - counts.reviewed;
    loose += counts.loose;
  }
  return { events, saved, unreviewed, loose };
}

/** What a day's link says to those who do not see it. @param {{day: string, events: number, saved: number, unreviewed: number, loose: number}} counts @param {string} why */
function words({ day, events, saved, unreviewed, loose }, why) {
  const parts = [`${dayName(day)}: ${t("calendar-events", { count: events })}`];
  if (unreviewed) parts.push(t("calendar-count-unreviewed", { count: unreviewed }));
  if (saved) parts.push(t("calendar-count-saved", { count: saved }));
  if (loose) parts.push(t("calendar-count-loose", { count: loose }));
  return [parts.join(", "), ...(why ? [why] : [])].join(". ");
}

/** The day that a key leads to from another one, or null. @param {string} day @param {string} key */
function target(day, key) {
  /** @param {number} months */
  const inMonth = (months) => {
    const month = dayOf(addDays(`${day.slice(0, 7)}-01`, months > 0 ? 32 : -1)).slice(0, 7);
    const last = lastDay(month);
    return `${month}${day.slice(7)}` < last ? `${month}${day.slice(7)}` : last;
  };
  switch (key) {
    case "ArrowLeft": return addDays(day, -1);
    case "ArrowRight": return addDays(day, 1);
    case "ArrowUp": return addDays(day, -7);
    case "ArrowDown": return addDays(day, 7);
    case "Home": return addDays(day, -columnOf(day));
    case "End": return addDays(day, 6 - columnOf(day));
    case "PageUp": return inMonth(-1);
    case "PageDown": return inMonth(1);
    default: return null;
  }
}

customElements.define("owl-calendar", Calendar);
