// An icon beside or instead of a text: the text says what it means, the icon is hidden from screen readers.

import { svg } from "../vendor/lit.js";
import { ICONS } from "./look.js";

/** @param {keyof typeof ICONS} name @param {boolean} [isFilled] */
export const icon = (name, isFilled = false) => svg`<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"
  fill=${isFilled ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
  stroke-linejoin="round"><path d=${ICONS[name]}></path></svg>`;
