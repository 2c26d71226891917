// The button that makes one movie of a range: the service joins it on demand, so the button waits for it and shows how far that is, and then the
// browser downloads it. Escape or a second press cancels.

import { actions } from "../core/actions.js";
import { address } from "../core/address.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { whenMade } from "../core/media.js";
import { t } from "../core/texts.js";
import { LitElement, css, html } from "../vendor/lit.js";

/** How many events a response names of which something is missing: ids with commas between, at most 100, then `+N`. @param {Response} response */
function leftOut({ headers }) {
  const names = headers.get("Owlery-Left-Out")?.split(", ") ?? [];
  return names.reduce((sum, name) => sum + (name.startsWith("+") ? Number(name) : 1), 0);
}

/** Lets the browser download a file under the name that the service gives it. @param {string} path */
function download(path) {
  const link = document.createElement("a");
  Object.assign(link, { href: path, download: "" });
  link.click();
}

/** `params` of the range, and what it is in words (`range`). One export at a time: it goes on if the range changes, and ends with the button. */
class MovieExport extends LitElement {
  static properties = { params: { attribute: false }, range: {}, progress: { state: true } };
  static styles = [look, css`
    button { background: none; border-color: transparent; font-variant-numeric: tabular-nums; }
    @media (max-width: 60rem) {
      button { padding: .2rem .6rem; min-width: 2.5rem; }
      .text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
    @media (max-width: 30rem) { .share + svg { display: none; } }
    @media (max-width: 30rem) and (pointer: coarse) { button { min-width: 44px; padding: 0; } }
  `];

  constructor() {
    super();
    this.params = new URLSearchParams();
    this.range = "";
    /** @type {number | null} from 0 to 1; null while nothing is made */
    this.progress = null;
    /** @type {AbortController | null} */
    this.making = null;
    this.onKey = (/** @type {KeyboardEvent} */ press) => {
      const isElsewhere = address.state.event || address.state.pictures || press.composedPath().some((each) => each instanceof HTMLDialogElement);
      if (press.key !== "Escape" || !this.making || isElsewhere) return;
      press.preventDefault();
      press.stopImmediatePropagation(); // the selection stays
      this.cancel();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("keydown", this.onKey, { capture: true });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("keydown", this.onKey, { capture: true });
    this.cancel();
  }

  cancel() {
    this.making?.abort();
    [this.making, this.progress] = [null, null];
  }

  async make() {
    const making = (this.making = new AbortController());
    const { signal } = making;
    const path = `api/v1/export.mp4?${this.params}`;
    this.progress = 0;
    try {
      const tell = (/** @type {number} */ progress) => { if (!signal.aborted) this.progress = progress; };
      const response = await whenMade(path, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal }, { tell, isWanted: () => !signal.aborted });
      if (!response || signal.aborted) return;
      download(path);
      const count = leftOut(response);
      if (count) actions.notify(t("export-left-out", { count }), true);
    } catch (error) {
      if (!signal.aborted) actions.notify(error.status ? t("export-failed", { why: error.message }) : t("movie-unreachable"), true);
    }
    if (this.making === making) this.cancel();
  }

  render() {
    const { progress } = this;
    const percent = Math.floor(100 * (progress ?? 0));
    const name = t(progress === null ? "selection-mp4" : "export-cancel");
    // What is visible changes often, what is said seldom.
    return html`<button title=${progress === null ? `${name} ${this.range}` : name} @click=${() => (this.making ? this.cancel() : this.make())}>
        ${progress === null ? icon("play") : html`<span class="share">${percent} %</span>${icon("close")}`}<span class="text">${name}</span></button>
      <span class="visually-hidden" role="status">${progress === null ? "" : t("export-making", { percent: percent - (percent % 10) })}</span>`;
  }
}

customElements.define("owl-export", MovieExport);
