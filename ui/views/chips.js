// The cameras to choose from, above a view: each a button that takes it or leaves it out, and one for all. The address keeps the choice.

import { address } from "../core/address.js";
import { archive } from "../core/archive.js";
import { t } from "../core/texts.js";
import { css, html, nothing } from "../vendor/lit.js";

export const chipsStyle = css`
  .chips { display: flex; flex-wrap: wrap; gap: .4rem; min-width: 0; }
  .chips button { max-width: 100%; border-radius: 2rem; }
  .chips span { overflow: hidden; text-overflow: ellipsis; }
  @media (max-width: 45rem) {
    .chips { flex-wrap: nowrap; overflow-x: auto; margin: -4px; padding: 4px; scrollbar-width: none; } /* with room for the outline of the focus */
    .chips button { flex: none; max-width: 16rem; }
  }
`;

/** @param {string} camera */
function toggle(camera) {
  const { cameras } = address.state;
  const chosen = cameras.includes(camera) ? cameras.filter((name) => name !== camera) : [...cameras, camera];
  address.replace({ cameras: chosen.length === archive.cameras.length ? [] : chosen });
}

/** The chips; nothing where there is no choice. */
export function cameraChips() {
  const { cameras } = address.state;
  if (archive.cameras.length < 2) return nothing;
  return html`<div class="chips" role="group" aria-label=${t("chips-cameras")}>
    <button aria-pressed=${cameras.length === 0} @click=${() => address.replace({ cameras: [] })}>${t("chips-all")}</button>
    ${archive.cameras.map(({ name }) => html`<button aria-pressed=${cameras.includes(name)} @click=${() => toggle(name)}><span>${name}</span></button>`)}
  </div>`;
}

/** What a click on a link within the page does. @param {Partial<import("../core/address.js").State>} change @returns {(click: MouseEvent) => void} */
export const to = (change) => (click) => {
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.button) return; // opens another tab
  click.preventDefault();
  address.go(change);
};
