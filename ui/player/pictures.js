// placeholder
import { look } from "../core/look.js";
import { LitElement, html } from "../vendor/lit.js";
class P extends LitElement { static styles = [look]; render() { return html``; } }
customElements.define("owl-pictures", P);
