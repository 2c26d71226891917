// The day view: filters, timeline and the list of events. The timeline stays above the list while one scrolls.

import { look } from "../core/look.js";
import { LitElement, css, html } from "../vendor/lit.js";
import "./filters.js";
import "./grid.js";
import "./selection.js";
import "./timeline.js";

class DayView extends LitElement {
  static properties = { stick: { state: true } };
  static styles = [look, css`
    :host { display: block; }
    .top { position: sticky; top: var(--bar); z-index: 2; background: var(--back); }
    owl-timeline { display: block; }
  `];

  constructor() {
    super();
    this.stick = 0; // pixels of the viewport above the list: the head of the page and the timeline
    this.observer = new ResizeObserver(() => this.measure());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  firstUpdated() {
    this.observer.observe(/** @type {Element} */ (this.renderRoot.querySelector(".top")));
    this.measure();
  }

  measure() {
    const top = /** @type {HTMLElement} */ (this.renderRoot.querySelector(".top"));
    this.stick = Math.round(parseFloat(getComputedStyle(top).top) + top.offsetHeight);
    this.style.setProperty("--stick", `${this.stick}px`);
  }

  render() {
    return html`<owl-filters></owl-filters><div class="top"><owl-timeline></owl-timeline></div>
      <owl-grid .stick=${this.stick}></owl-grid><owl-selection></owl-selection>`;
  }
}

customElements.define("owl-day", DayView);
