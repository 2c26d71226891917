// `<owl-pictures>`: the pictures of a day that belong to no event: a grid of those of one camera, a page at a time, since there may be
// thousands. `whole.js` shows the one that the address names.

import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { fetchJson, local } from "../core/requests.js";
import { dayName, number, t } from "../core/texts.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { isShowable } from "../core/media.js";
import { Sheet } from "./sheet.js";
import "./whole.js";

/** @typedef {import("./movie.js").Picture} Picture */
/** @typedef {import("../core/archive.js").DayCounts} DayCounts */

const PAGE = 200; // pictures in the document at a time

class Pictures extends Sheet {
  static properties = {
    days: { state: true }, camera: { state: true }, pictures: { state: true }, page: { state: true }, problem: { state: true },
    isLoading: { state: true }, failed: { state: true },
  };
  static styles = [...Sheet.styles, css`
    .body {
      flex: 1; display: flex; flex-direction: column; gap: .75rem; min-height: 0; padding: .75rem; overflow: auto;
      overscroll-behavior: contain;
    }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .5rem; }
    .tile {
      display: flex; flex-direction: column; min-width: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line);
      border-radius: var(--round);
    }
    .tile:any-link { color: inherit; text-decoration: none; }
    .tile:hover { border-color: var(--mark); }
    .frame { display: grid; aspect-ratio: 16 / 9; background: #000; color: #fff; min-width: 0; }
    .frame > * { grid-area: 1 / 1; width: 100%; height: 100%; min-height: 0; object-fit: contain; }
    .blank { display: grid; place-items: center; padding: .5rem; text-align: center; }
    .name { padding: .15rem .5rem; overflow-wrap: anywhere; }
    @media (max-width: 45rem) { .tiles { grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); } }
  `];

  constructor() {
    super();
    /** @type {DayCounts[]} the counts of the cameras that have something */
    this.days = [];
    /** @type {string | null} */
    this.camera = null;
    /** @type {Picture[]} */
    this.pictures = [];
    this.page = 0;
    this.problem = "";
    this.isLoading = false;
    this.mayRetry = false;
    /** @type {Set<string>} the URLs of pictures that were not loaded */
    this.failed = new Set();
    this.loading = {};
    this.move = (/** @type {Event} */ change) => this.follow(/** @type {CustomEvent} */ (change).detail);
    this.again = () => {
      if (archive.status.kind !== "ready") return;
      if (this.mayRetry) this.load(this.camera);
      else if (this.failed.size) this.failed = new Set();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    address.addEventListener("change", this.move);
    archive.addEventListener("status", this.again);
    this.load(this.named.camera);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    address.removeEventListener("change", this.move);
    archive.removeEventListener("status", this.again);
  }

  /** The camera and the picture of the address. */
  get named() {
    const [camera, ...name] = address.state.picture.split("/");
    return { camera: camera || null, name: name.join("/") };
  }

  /** @param {Readonly<import("../core/address.js").State>} before */
  follow(before) {
    const { pictures, picture, cameras } = address.state;
    if (!pictures) return;
    this.requestUpdate();
    if (pictures !== before.pictures || String(cameras) !== String(before.cameras)) this.load(this.named.camera);
    else if (picture && this.named.camera !== this.camera) this.load(this.named.camera);
    else if (before.picture && !picture) this.focusPicture(before.picture);
  }

  /** Loads the pictures of a camera, or of the first that has some. @param {string | null} camera */
  async load(camera) {
    const loading = (this.loading = {});
    const { pictures: day, cameras } = address.state;
    this.isLoading = true;
    try {
      const params = new URLSearchParams({ from: day, to: day });
      for (const camera of cameras) params.append("camera", camera);
      const days = (await fetchJson(`api/v1/days?${params}`)).days.filter((/** @type {DayCounts} */ { loose }) => loose > 0);
      const found = (days.find((/** @type {DayCounts} */ counts) => counts.camera === camera) ?? days[0])?.camera ?? null;
      const { pictures } = found === null ? { pictures: [] } : await fetchJson(`api/v1/days/${encodeURIComponent(found)}/${day}/pictures`);
      if (this.loading !== loading) return; // a later request replaces this one
      Object.assign(this, { days, camera: found, pictures, problem: "", mayRetry: false });
      this.page = Math.max(0, Math.floor(this.at / PAGE));
    } catch (error) {
      if (this.loading !== loading) return;
      Object.assign(this, { camera, pictures: [], page: 0, problem: error.message, mayRetry: error.isPassing });
    }
    this.failed = new Set();
    this.isLoading = false;
  }

  /** The place of the picture that is shown whole; -1 if there is none. */
  get at() {
    const { camera, name } = this.named;
    return camera !== null && camera === this.camera ? this.pictures.findIndex((picture) => picture.name === name) : -1;
  }

  /** Gives a picture of the grid the focus, on whatever page it is. @param {string} id */
  async focusPicture(id) {
    const at = this.pictures.findIndex(({ name }) => id === `${this.camera}/${name}`);
    if (at < 0) return this.focusSheet();
    this.page = Math.floor(at / PAGE);
    await this.updateComplete;
    /** @type {HTMLElement | undefined} */ (this.renderRoot.querySelectorAll(".tile")[at % PAGE])?.focus();
  }

  leave() {
    if (address.state.picture) address.leave({ picture: "" });
    else address.leave({ pictures: "" });
  }

  /** @param {KeyboardEvent} press */
  press(press) {
    if (address.state.event || press.altKey || press.ctrlKey || press.metaKey || press.defaultPrevented) return;
    const isWhole = this.at >= 0;
    if (press.key === "Escape") this.leave();
    else if (isWhole && press.key === "ArrowLeft") this.step(-1);
    else if (isWhole && press.key === "ArrowRight") this.step(1);
    else return;
    press.preventDefault();
  }

  /** Shows the next picture whole, or the previous. @param {number} by */
  step(by) {
    const picture = this.pictures[this.at + by];
    if (picture) address.replace({ picture: `${this.camera}/${picture.name}` });
  }

  /** @param {number} page */
  async turn(page) {
    this.page = page;
    await this.updateComplete;
    this.renderRoot.querySelector(".body")?.scrollTo(0, 0);
    const focus = this.shadowRoot?.activeElement;
    if (!focus || /** @type {HTMLButtonElement} */ (focus).disabled) this.renderRoot.querySelector("select")?.focus();
  }

  render() {
    const { camera } = this;
    const at = this.at;
    return html`<dialog open tabindex="-1" aria-labelledby="title">
      <div class="head" ?inert=${at >= 0}><h2 id="title">${t("pictures-title", { day: dayName(address.state.pictures) })}</h2>
        <button class="plain close" aria-label=${t("close")} title="${t("close")} (Esc)"
          @click=${this.leave}>${icon("close")}</button></div>
      <div class="body" aria-busy=${this.isLoading} ?inert=${at >= 0}>
        ${this.days.length > 1 ? this.cameras() : nothing}
        <p class=${this.problem ? "note bad" : "note"} role="status">${this.note()}</p>
        ${this.grid()}${this.pages()}
      </div>
      ${at < 0 ? nothing : html`<owl-whole .camera=${camera} .pictures=${this.pictures} .at=${at}
        @step=${(/** @type {CustomEvent} */ { detail }) => this.step(detail)} @leave=${this.leave}></owl-whole>`}
    </dialog>`;
  }

  /** A button for each camera. */
  cameras() {
    return html`<div class="row" role="group" aria-label=${t("pictures-cameras")}>
      ${repeat(this.days, ({ camera }) => camera, ({ camera, loose }) => html`<button aria-pressed=${camera === this.camera}
        @click=${() => this.load(camera)}>${camera} <small>${number(loose)}</small></button>`)}</div>`;
  }

  /** What the camera has: pictures, and files that are none, such as timelapses. */
  note() {
    if (this.problem) return t("pictures-failed", { why: this.problem });
    if (this.isLoading && !this.pictures.length) return t("loading");
    if (this.camera === null) return t("pictures-none");
    const loose = this.days.find((counts) => counts.camera === this.camera)?.loose ?? 0;
    return t("pictures-of", { camera: this.camera, pictures: this.pictures.length, others: Math.max(0, loose - this.pictures.length) });
  }

  grid() {
    const start = this.page * PAGE;
    return html`<div class="tiles">${repeat(this.pictures.slice(start, start + PAGE), (picture) => picture.url, (picture) => {
      const url = local(picture.url);
      const change = { picture: `${this.camera}/${picture.name}` };
      const isBlank = this.failed.has(url) || !isShowable(picture.name);
      return html`<a class="tile" href=${address.href(change)} @click=${(/** @type {MouseEvent} */ click) => {
        if (click.ctrlKey || click.metaKey || click.shiftKey) return; // opens another tab
        click.preventDefault();
        address.go(change);
      }}><span class="frame">${isBlank ? html`<span class="blank">${t("picture-blank")}</span>`
    : html`<img loading="lazy" src=${url} alt="${this.camera}, ${picture.name}"
          @error=${() => { this.failed = new Set(this.failed).add(url); }}>`}</span>
        <span class="name">${picture.name}</span></a>`;
    })}</div>`;
  }

  pages() {
    const pages = Math.ceil(this.pictures.length / PAGE);
    if (pages < 2) return nothing;
    const choose = (/** @type {Event} */ { target }) => this.turn(Number(/** @type {HTMLSelectElement} */ (target).value));
    return html`<nav class="row" aria-label=${t("pictures-pages")}>
      <button ?disabled=${this.page === 0} @click=${() => this.turn(this.page - 1)}>${t("pictures-earlier")}</button>
      <select aria-label=${t("pictures-pages")} .value=${String(this.page)} @change=${choose}>${Array.from({ length: pages }, (_, page) => {
        const { name } = this.pictures[page * PAGE];
        return html`<option value=${page} ?selected=${page === this.page}>${t("pictures-from", { name })}</option>`;
      })}</select>
      <button ?disabled=${this.page >= pages - 1} @click=${() => this.turn(this.page + 1)}>${t("pictures-later")}</button>
    </nav>`;
  }
}

customElements.define("owl-pictures", Pictures);
