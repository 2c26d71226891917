// The day view: timeline, filters and the list of events.

import { look } from "../core/look.js";
import { LitElement, css, html } from "../vendor/lit.js";
import "./timeline.js";

class DayView extends LitElement {
  static styles = [look, css`:host { display: block; }`];

  render() {
    return html`<owl-timeline></owl-timeline>`;
  }
}

customElements.define("owl-day", DayView);
