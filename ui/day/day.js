// The day view: filters, timeline and the list of events. The timeline stays above the list while one scrolls, unless the window is so low
// that little of the list would be left: there only the heading of the day stays.

import { look } from "../core/look.js";
import { LitElement, css, html } from "../vendor/lit.js";
import "./filters.js";
import "./grid.js";
import "./selection.js";
import "./timeline.js";

const LOW = matchMedia("(max-height: 32rem)");

class DayView extends LitElement {
  static properties = { stick: { state: true } };
  static styles = [look, css`
    :host { display: block; }
    .top { position: sticky; top: var(--bar); z-index: 2; background: var(--back); }
    @media (max-height: 32rem) { .top { position: relative; top: 0; } }
    owl-timeline { display: block; }
  `];

  constructor() {
    super();
    this.stick = 0; // pixels of the viewport above the list: the head of the page and the timeline, if they stay
    this.measure = this.measure.bind(this);
    this.observer = new ResizeObserver(this.measure);
  }

  connectedCallback() {
    super.connectedCallback();
    LOW.addEventListener("change", this.measure);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
    LOW.removeEventListener("change", this.measure);
  }

  firstUpdated() {
    this.observer.observe(/** @type {Element} */ (this.renderRoot.querySelector(".top")));
    this.measure();
  }

  measure() {
    const top = /** @type {HTMLElement} */ (this.renderRoot.querySelector(".top"));
    this.stick = LOW.matches ? 0 : Math.round(parseFloat(getComputedStyle(top).top) + top.offsetHeight);
    this.style.setProperty("--stick", `${this.stick}px`);
  }

  render() {
    return html`<owl-filters></owl-filters><div class="top"><owl-timeline></owl-timeline></div>
      <owl-grid .stick=${this.stick}></owl-grid><owl-selection></owl-selection>`;
  }
}

customElements.define("owl-day", DayView);
