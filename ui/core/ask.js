// A question before something that cannot simply be taken back: a dialog with what will happen, and two buttons. Loaded when it is needed.

import { LitElement, css, html } from "../vendor/lit.js";
import { look } from "./look.js";
import { t } from "./texts.js";

/** @typedef {{title: string, lines: string[], action: string}} Question `action` names the button that does it */

class Ask extends LitElement {
  static styles = [look, css`
    dialog {
      width: min(32rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); padding: 1.25rem; overflow: auto; color: var(--text);
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round);
    }
    dialog::backdrop { background: var(--shade); }
    p { margin-top: .75rem; overflow-wrap: anywhere; }
    div { display: flex; flex-wrap: wrap; justify-content: end; gap: .5rem; margin-top: 1.25rem; }
    button { white-space: normal; }
    .danger { background: var(--bad); border-color: var(--bad); color: var(--on-mark); }
  `];

  constructor() {
    super();
    /** @type {Question} */
    this.question = { title: "", lines: [], action: "" };
    /** @type {(isMeant: boolean) => void} */
    this.done = () => {};
  }

  firstUpdated() {
    this.dialog.showModal();
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector("dialog"));
  }

  /** @param {boolean} isMeant */
  answer(isMeant) {
    this.done(isMeant);
    this.dialog.close();
  }

  render() {
    const { title, lines, action } = this.question;
    return html`<dialog aria-labelledby="title" aria-describedby="lines" @close=${this.close}>
      <h2 id="title">${title}</h2>
      <section id="lines">${lines.map((line) => html`<p>${line}</p>`)}</section>
      <div><button autofocus @click=${() => this.answer(false)}>${t("ask-cancel")}</button>
        <button class="danger" @click=${() => this.answer(true)}>${action}</button></div>
    </dialog>`;
  }

  close() {
    this.done(false); // Escape; after an answer it means nothing
    this.remove();
  }
}

customElements.define("owl-ask", Ask);

/** Asks, and returns whether it is meant. @param {Question} question @returns {Promise<boolean>} */
export function ask(question) {
  const element = /** @type {Ask} */ (document.createElement("owl-ask"));
  return new Promise((done) => {
    Object.assign(element, { question, done });
    document.body.append(element);
  });
}
