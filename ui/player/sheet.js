// A sheet over the page, in which the player and the pictures are: all of a phone, most of a desk. The page behind it is inert (`app.js`),
// except for notices and the bar that undoes, which stay above it; so it is no modal dialog, behind which they could not be used.

import { look } from "../core/look.js";
import { LitElement, css } from "../vendor/lit.js";

const sheetStyle = css`
  :host { position: fixed; inset: 0; z-index: 4; display: grid; place-items: center; background: var(--shade); }
  dialog {
    position: relative; display: flex; flex-direction: column; width: min(96vw, 1600px); height: 96dvh; max-width: none; max-height: none;
    margin: 0; padding: 0; overflow: hidden; background: var(--back); color: var(--text);
    border: 1px solid var(--edge); border-radius: var(--round);
  }
  dialog:focus { outline: none; }
  a:not(.button) { color: var(--mark); }
  .head {
    display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; padding: .35rem .35rem .35rem .75rem;
    border-bottom: 1px solid var(--line);
  }
  .head h2 { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
  .head .plain { padding: .2rem .5rem; }
  @media (max-width: 45rem), (max-height: 30rem) { dialog { width: 100%; height: 100%; border: 0; border-radius: 0; } }
`;

/** The element that has the focus, in whatever component. */
function focused() {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return /** @type {HTMLElement | null} */ (element);
}

export class Sheet extends LitElement {
  static styles = [look, sheetStyle];
  #before = focused();
  #take = () => this.focusSheet();
  #press = (/** @type {KeyboardEvent} */ press) => this.press(press);

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("keydown", this.#press);
    addEventListener("focus-left", this.#take);
    // What is behind does not scroll.
    this.addEventListener("wheel", (wheel) => {
      if (wheel.composedPath()[0] === this) wheel.preventDefault();
    }, { passive: false });
    this.addEventListener("click", (click) => {
      if (click.composedPath()[0] === this) this.leave();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#press);
    removeEventListener("focus-left", this.#take);
    const before = this.#before;
    requestAnimationFrame(() => { if (before?.isConnected && focused() === document.body) before.focus(); });
  }

  firstUpdated() {
    this.focusSheet();
  }

  /** Gives the sheet the focus, so that the keys are not those of a button. */
  focusSheet() {
    this.dialog.focus({ preventScroll: true });
  }

  get dialog() {
    return /** @type {HTMLElement} */ (this.renderRoot.querySelector("dialog"));
  }

  /** A key was pressed, wherever the focus is. @param {KeyboardEvent} _press */
  press(_press) {}

  /** Closes it. */
  leave() {}
}
