// `<owl-whole>`: one picture of a list, as large as there is room, and why it is not shown if it is not. Events: `step` (detail: by how
// many), `leave`.

import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { local, statusOf } from "../core/requests.js";
import { number, size, t } from "../core/texts.js";
import { LitElement, css, html } from "../vendor/lit.js";
import { isShowable } from "../core/media.js";

class Whole extends LitElement {
  static properties = { camera: { attribute: false }, pictures: { attribute: false }, at: { attribute: false }, problem: { state: true } };
  static styles = [look, css`
    :host { position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; background: var(--back); outline: none; }
    .head {
      display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; padding: .35rem .35rem .35rem .75rem;
      border-bottom: 1px solid var(--line);
    }
    h2 { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
    a { color: var(--mark); }
    .stage { flex: 1; min-height: 0; display: grid; place-items: center; background: #000; color: #fff; }
    img { width: 100%; height: 100%; min-height: 0; object-fit: contain; grid-area: 1 / 1; }
    @media (max-width: 45rem) {
      h2 { order: -2; flex-basis: calc(100% - 4rem); font-size: 1rem; }
      .head button:last-child { order: -1; }
      .soft { flex: 1; }
    }
    p { padding: 1rem; text-align: center; grid-area: 1 / 1; }
  `];

  constructor() {
    super();
    this.camera = "";
    /** @type {import("./movie.js").Picture[]} */
    this.pictures = [];
    this.at = 0;
    this.problem = "";
    this.mayRetry = false;
    this.again = () => { if (this.mayRetry && archive.status.kind === "ready") [this.problem, this.mayRetry] = ["", false]; };
  }

  connectedCallback() {
    super.connectedCallback();
    this.tabIndex = -1;
    archive.addEventListener("status", this.again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    archive.removeEventListener("status", this.again);
  }

  firstUpdated() {
    this.focus();
  }

  get picture() {
    return this.pictures[this.at];
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("at") && !changed.has("pictures")) return;
    this.mayRetry = false;
    this.problem = isShowable(this.picture.name) ? "" : t("picture-kind");
  }

  updated() {
    const focus = this.shadowRoot?.activeElement;
    if (/** @type {HTMLButtonElement | null} */ (focus)?.disabled) this.focus();
  }

  /** Says why a picture is not shown. @param {Event} error */
  async explain({ target }) {
    const { picture } = this;
    const status = await statusOf(/** @type {HTMLImageElement} */ (target).src);
    if (picture !== this.picture) return; // another one is shown
    this.mayRetry = status === 0 || status >= 500;
    this.problem = status === 0 ? t("picture-unreachable") : status === 404 ? t("picture-gone")
      : status >= 400 ? t("picture-refused", { status }) : t("picture-unshowable");
  }

  /** @param {number} by */
  step(by) {
    this.dispatchEvent(new CustomEvent("step", { detail: by }));
  }

  render() {
    const { at, camera, picture, pictures, problem } = this;
    const title = `${camera}, ${picture.name}`;
    return html`<div class="head">
        <h2>${title}</h2>
        <span class="soft">${t("picture-number", { at: number(at + 1), all: number(pictures.length), size: size(picture.bytes) })}</span>
        <a href=${local(picture.url)}>${t("picture-file")}</a>
        ${button(t("picture-previous"), "←", "left", at === 0, () => this.step(-1))}
        ${button(t("picture-next"), "→", "right", at === pictures.length - 1, () => this.step(1))}
        ${button(t("close"), "Esc", "close", false, () => this.dispatchEvent(new CustomEvent("leave")))}
      </div>
      <div class="stage" role="status">${problem ? html`<p>${problem}</p>`
    : html`<img src=${local(picture.url)} alt=${title} @error=${this.explain}>`}</div>`;
  }
}

/** @param {string} name @param {string} key @param {"left" | "right" | "close"} picture @param {boolean} isOff @param {() => void} act */
const button = (name, key, picture, isOff, act) => html`<button class="plain" aria-label=${name} title="${name} (${key})" ?disabled=${isOff}
  @click=${act}>${icon(picture)}</button>`;

customElements.define("owl-whole", Whole);
