// The bar of the selected events: what can be done with them together.

import { actions } from "../core/actions.js";
import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { look } from "../core/look.js";
import { eventPath } from "../core/requests.js";
import { clock, t } from "../core/texts.js";
import { LitElement, css, html, nothing } from "../vendor/lit.js";
import "./export.js";
import { changeable, remove, toggleReviewed, toggleSaved } from "./grid/keys.js";
import { Kept } from "./kept.js";

/** @typedef {import("../core/archive.js").Event} Event */

/** The parameters of an export that covers events: their cameras, from the first to the last of them. @param {Event[]} events */
export function spanOf(events) {
  const params = new URLSearchParams();
  for (const camera of new Set(events.map(({ camera }) => camera))) params.append("camera", camera);
  const starts = events.map(({ start }) => start).sort();
  params.set("from", starts[0]);
  params.set("to", starts[starts.length - 1]);
  return params;
}

class Selection extends LitElement {
  static styles = [look, css`
    .bar {
      position: fixed; z-index: 4; left: 50%; bottom: 1rem; transform: translateX(-50%); display: flex; align-items: center; gap: .25rem;
      max-width: calc(100vw - 1rem); padding: .4rem .5rem .4rem 1rem; background: var(--raised); border: 1px solid var(--edge);
      border-radius: var(--round); box-shadow: 0 4px 16px var(--shade); white-space: nowrap;
    }
    .count { margin-right: .5rem; font-weight: 600; }
    button, .button { background: none; border-color: transparent; }
    @media (max-width: 60rem) {
      .bar { gap: 0; padding: .25rem .25rem .25rem .75rem; }
      button, .button { padding: .2rem .6rem; min-width: 2.5rem; }
      .text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
    @media (max-width: 45rem) and (min-height: 32.01rem) { .bar { bottom: 4.25rem; } }
    @media (max-width: 30rem) { .bar { left: .25rem; right: .25rem; transform: none; justify-content: space-between; overflow-x: auto; } .count { margin-right: .25rem; font-size: .8125rem; } }
    @media (max-width: 30rem) and (pointer: coarse) { button, .button { min-width: 44px; padding: 0; } }
  `];

  constructor() {
    super();
    this.kept = new Kept();
    this.hadFocus = false; // before it was drawn again
    this.redraw = () => this.requestUpdate();
    this.onKey = (/** @type {KeyboardEvent} */ { key, defaultPrevented }) => {
      if (key === "Escape" && !defaultPrevented && actions.selection.size) actions.select([]);
    };
  }

  connectedCallback() {
    super.connectedCallback();
    this.kept.start();
    actions.addEventListener("selection", this.redraw);
    archive.addEventListener("change", this.redraw);
    addEventListener("keydown", this.onKey);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    actions.removeEventListener("selection", this.redraw);
    archive.removeEventListener("change", this.redraw);
    removeEventListener("keydown", this.onKey);
    this.kept.stop();
    actions.select([]);
  }

  willUpdate() {
    this.hadFocus = /** @type {ShadowRoot} */ (this.renderRoot).activeElement !== null;
  }

  updated() {
    if (this.hadFocus && !actions.selection.size) dispatchEvent(new Event("focus-left"));
  }

  render() {
    const ids = [...actions.selection];
    if (!ids.length) return html`<div role="status"></div>`;
    const events = ids.map((id) => archive.get(id)).filter((event) => event !== undefined);
    const own = archive.canWrite ? changeable(ids) : [];
    const isSaved = own.length > 0 && own.every(({ saved }) => saved);
    const isReviewed = events.length > 0 && events.every(({ reviewed }) => reviewed);
    return html`<div class="bar" role="group" aria-label=${t("selection")}>
      <span class="count" role="status">${t("selection-count", { count: ids.length })}</span>
      ${own.length ? this.button("star", t(isSaved ? "selection-unsave" : "selection-save"), () => toggleSaved(ids)) : nothing}
      ${this.button("check", t(isReviewed ? "selection-unreviewed" : "selection-reviewed"), () => toggleReviewed(ids), !events.length)}
      ${own.length ? this.button("trash", t("selection-delete"), () => remove(ids)) : nothing}
      ${this.exports(events)}
      ${this.button("close", t("selection-clear"), () => actions.select([]))}
    </div>`;
  }

  /** @param {Parameters<typeof icon>[0]} name @param {string} text @param {() => void} act @param {boolean} [isIdle] there is nothing to do it to */
  button(name, text, act, isIdle = false) {
    return html`<button title=${text} ?disabled=${isIdle} @click=${act}>${icon(name)}<span class="text">${text}</span></button>`;
  }

  /** @param {Event[]} events */
  exports(events) {
    if (!events.length) return nothing;
    const params = spanOf(events);
    const [from, to] = [params.get("from") ?? "", params.get("to") ?? ""];
    const isOne = events.length === 1;
    const range = isOne ? "" : t("selection-range", { from: `${from.slice(0, 10)} ${clock(from)}`, to: `${to.slice(0, 10)} ${clock(to)}` });
    const zip = isOne ? `${eventPath(events[0].id)}.zip` : `api/v1/export?${params}`;
    const name = t(isOne ? "selection-zip" : "selection-zip-range");
    return html`<a class="button" download href=${zip} title=${range || name}>${icon("download")}<span class="text">${name}</span></a>
      ${params.getAll("camera").length === 1 ? html`<owl-export .params=${params} .range=${range}></owl-export>` : nothing}`;
  }
}

customElements.define("owl-selection", Selection);
