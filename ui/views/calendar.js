// placeholder
import { look } from "../core/look.js";
import { LitElement, html } from "../vendor/lit.js";
class V extends LitElement { static styles = [look]; render() { return html`<p>calendar</p>`; } }
customElements.define("owl-calendar", V);
