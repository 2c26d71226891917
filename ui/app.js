// The page: its head with the views to choose from, what is told above every view, the view, and the player over it. What a view shows is
// its own business; where one is, the address says.

import { actions } from "./core/actions.js";
import { address } from "./core/address.js";
import { archive } from "./core/archive.js";
import { icon } from "./core/icon.js";
import { look } from "./core/look.js";
import { signOut } from "./core/session.js";
import { loadTexts, number, t, withoutCommand } from "./core/texts.js";
import { LitElement, css, html, nothing } from "./vendor/lit.js";

/** The views: what loads each, and its element. @type {Record<import("./core/address.js").ViewName, {load: () => Promise<unknown>, show: () => unknown}>} */
const VIEWS = {
  day: { load: () => import("./day/day.js"), show: () => html`<owl-day></owl-day>` },
  calendar: { load: () => import("./views/calendar.js"), show: () => html`<owl-calendar></owl-calendar>` },
  live: { load: () => import("./views/live.js"), show: () => html`<owl-live></owl-live>` },
  storage: { load: () => import("./views/storage.js"), show: () => html`<owl-storage></owl-storage>` },
};
const NOTICE_TIME = 8000; // milliseconds a notice is shown
const RETRY = 3000; // milliseconds until a module that could not be loaded is asked for again

class App extends LitElement {
  static properties = { notice: { state: true } };
  static styles = [look, css`
    :host { display: flex; flex-direction: column; min-height: 100dvh; }
    header {
      position: sticky; top: 0; z-index: 3; display: flex; align-items: center; gap: .25rem 1rem; min-height: var(--bar);
      padding: .25rem 1rem; background: var(--back); border-bottom: 1px solid var(--line);
    }
    h1 { font-size: 1.1rem; letter-spacing: .02em; }
    h1 a { display: flex; align-items: center; gap: .5rem; color: inherit; text-decoration: none; }
    nav { display: flex; gap: .25rem; }
    nav a { display: flex; align-items: center; gap: .4rem; padding: .35rem .7rem; border-radius: var(--round); color: inherit; text-decoration: none; }
    nav a:hover { background: var(--card); }
    nav a[aria-current] { background: var(--card); color: var(--mark); }
    .who { margin-left: auto; display: flex; align-items: center; gap: .5rem; color: var(--soft); min-width: 0; }
    .who span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .who form { margin: 0; }
    .told { padding: .5rem 1rem; border-bottom: 1px solid var(--line); background: var(--card); overflow-wrap: anywhere; }
    .told a { color: inherit; }
    main { flex: 1; display: flex; flex-direction: column; min-width: 0; }
    main > * { flex: 1; min-width: 0; }
    main.waits > * { visibility: hidden; }
    .low {
      position: fixed; z-index: 6; left: 50%; bottom: 1rem; transform: translateX(-50%); display: flex; align-items: center; gap: 1rem;
      max-width: calc(100vw - 2rem); padding: .5rem .75rem .5rem 1rem; background: var(--raised); border: 1px solid var(--edge);
      border-radius: var(--round); box-shadow: 0 4px 16px var(--shade);
    }
    .low.over { bottom: 5.5rem; }
    @media (max-width: 45rem) {
      header { padding: .25rem .75rem; }
      nav { position: fixed; z-index: 5; left: 0; right: 0; bottom: 0; justify-content: space-around; padding: .25rem .25rem max(.25rem, env(safe-area-inset-bottom));
        background: var(--back); border-top: 1px solid var(--line); }
      nav a { flex: 1; flex-direction: column; gap: 0; min-height: 44px; padding: .2rem; font-size: .75rem; }
      main { padding-bottom: 3.75rem; }
      .low, .low.over { bottom: 4.5rem; width: calc(100vw - 2rem); }
    }
    /* Of a low window all is left to what one looks at. */
    @media (max-height: 32rem) { header { position: relative; } }
    @media (max-width: 45rem) and (max-height: 32rem) {
      nav { position: static; flex: 1; padding: 0; border: 0; }
      main { padding-bottom: 0; }
      .low { bottom: .5rem; }
    }
    @media (max-width: 32rem) and (max-height: 32rem) {
      header { flex-wrap: wrap; }
      nav { order: 1; flex: 1 0 100%; }
    }
  `];

  constructor() {
    super();
    /** @type {{text: string, isBad: boolean} | null} */
    this.notice = null;
    /** @type {Map<string, boolean>} by module that was asked for: whether it is here */
    this.modules = new Map();
    this.noticeTimer = 0;
    this.hadFocus = false; // the bar at the lower edge, before it was drawn again
    const redraw = () => this.requestUpdate();
    for (const [target, names] of /** @type {[EventTarget, string[]][]} */ ([
      [archive, ["status", "cameras"]], [address, ["change"]], [actions, ["undo"]],
    ])) for (const name of names) target.addEventListener(name, redraw);
    actions.addEventListener("notice", (message) => this.tell(/** @type {CustomEvent} */ (message).detail));
  }

  /** @param {{text: string, isBad: boolean}} notice */
  tell(notice) {
    this.notice = notice;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = window.setTimeout(() => { this.notice = null; }, NOTICE_TIME);
  }

  /** Loads a module once, and draws again when it is there. @param {string} name @param {() => Promise<unknown>} load */
  has(name, load) {
    const isHere = this.modules.get(name);
    if (isHere !== undefined) return isHere;
    this.modules.set(name, false);
    load().then(() => { this.modules.set(name, true); this.requestUpdate(); }, (error) => {
      this.tell({ text: t("not-loaded", { why: error.message }), isBad: true });
      setTimeout(() => { this.modules.delete(name); this.requestUpdate(); }, RETRY);
    });
    return false;
  }

  willUpdate() {
    const { activeElement } = /** @type {ShadowRoot} */ (this.renderRoot);
    this.hadFocus = activeElement !== null && activeElement.closest(".low") !== null;
  }

  updated() {
    if (this.hadFocus && !(/** @type {ShadowRoot} */ (this.renderRoot).activeElement)) this.passFocus();
  }

  /** Moves the focus of what has left the page: the list or the player takes it at `focus-left`; else the view gets it. */
  passFocus() {
    dispatchEvent(new Event("focus-left"));
    const main = /** @type {HTMLElement} */ (this.renderRoot.querySelector("main"));
    if (/** @type {ShadowRoot} */ (this.renderRoot).activeElement || main.inert) return;
    main.tabIndex = -1;
    main.addEventListener("blur", () => main.removeAttribute("tabindex"), { once: true });
    main.focus({ preventScroll: true });
  }

  render() {
    const { view, event, pictures } = address.state;
    document.title = view === "day" ? "Owlery" : `${t(`view-${view}`)} – Owlery`;
    const isOver = event || pictures;
    // Lanes and filters take their place when the cameras are known, alerts when the service has said whether it is ready: nothing is shown
    // before that, so that nothing moves. The day's events are asked for nevertheless.
    const { kind } = archive.status;
    const isHere = this.has(view, VIEWS[view].load);
    const waits = kind === "loading" || (!archive.hasCameras && ["ready", "reading"].includes(kind));
    return html`
      <header ?inert=${isOver}>
        <h1><a href=${location.pathname} @click=${this.home}><img src="icon.svg" alt="" width="24" height="24"><span>Owlery</span></a></h1>
        <nav aria-label=${t("views")}>${Object.keys(VIEWS).map((name) => this.link(/** @type {import("./core/address.js").ViewName} */ (name)))}</nav>
        ${this.who()}
      </header>
      ${this.told()}
      <main ?inert=${isOver} class=${waits ? "waits" : ""}>${isHere && (!waits || view === "day") ? VIEWS[view].show() : nothing}</main>
      ${event && this.has("player", () => import("./player/player.js")) ? html`<owl-player></owl-player>` : nothing}
      ${pictures && this.has("pictures", () => import("./player/pictures.js")) ? html`<owl-pictures></owl-pictures>` : nothing}
      ${this.low()}
    `;
  }

  /** @param {import("./core/address.js").ViewName} name */
  link(name) {
    const change = { view: name, event: "", pictures: "", page: 0 };
    return html`<a href=${address.href(change)} aria-current=${address.state.view === name ? "page" : nothing}
      @click=${(/** @type {MouseEvent} */ click) => follow(click, change)}>${icon(name)}<span>${t(`view-${name}`)}</span></a>`;
  }

  /** @param {MouseEvent} click */
  home(click) {
    follow(click, { view: "day", day: "", at: "", event: "", pictures: "" });
  }

  who() {
    const { me, zone } = archive;
    return html`<div class="who">
      ${zone ? html`<small title=${t("zone")}>UTC${zone}</small>` : nothing}
      ${me?.signed_in ? html`<span>${me.name}</span>` : nothing}
      ${me?.session ? html`<form method="post" action="logout" @submit=${signOut}><button class="plain">${t("sign-out")}</button></form>` : nothing}
    </div>`;
  }

  /** What is told above every view: whether the service is there and has read the archive, and the alerts. */
  told() {
    const { kind, why, isSilent, parts, days, daysDone } = archive.status;
    const progress = days ? t("progress", { done: number(daysDone ?? 0), days: number(days), percent: Math.floor((100 * (daysDone ?? 0)) / days) }) : "";
    return html`
      <div role="status">${kind === "away" ? html`<p class="told bad">${why ? t("away-why", { why }) : t(isSilent ? "away-silent" : "away")}</p>` : nothing}
        ${kind === "reading" ? html`<p class="told">${[why, ...parts.map((part) => t(`waits-${part}`)), progress].filter(Boolean).join(" ")}</p>` : nothing}
        ${kind === "refused" ? html`<p class="told bad">${t("refused", { why })}</p>` : nothing}</div>
      ${archive.alerts.map((alert) => html`<p class="told bad" role="alert">${this.confirmation(alert)}
        ${address.state.view === "storage" ? nothing : html`<a href=${address.href({ view: "storage" })}
          @click=${(/** @type {MouseEvent} */ click) => follow(click, { view: "storage" })}>${t("view-storage")}</a>`}</p>`)}`;
  }

  /** An alert, with the button that confirms what it holds for those who may. @param {string} alert */
  confirmation(alert) {
    const id = alert.match(/ (?:confirm it|confirmed|remove it) with: owlery .* --confirm (\w+)$/)?.[1];
    if (!id || !archive.canWriteAll) return alert;
    const confirm = () => import("./core/held.js").then(({ confirmHeld }) => confirmHeld(id, alert), (error) => actions.notify(error.message, true));
    return html`${withoutCommand(alert)} <button @click=${confirm}>${t("held-confirm")}</button>`;
  }

  /** The bar at the lower edge: what can be undone, or a notice. */
  low() {
    const { undoable } = actions;
    const place = address.state.event ? "low over" : "low"; // above the bar of the player
    if (this.notice) return html`<div class=${place} role="alert"><span class=${this.notice.isBad ? "bad" : ""}>${this.notice.text}</span>
      <button class="plain" aria-label=${t("close")} @click=${() => { this.notice = null; }}>${icon("close")}</button></div>`;
    if (!undoable) return nothing;
    return html`<div class=${place} role="status"><span>${t("deleted", { count: undoable })}</span>
      <button class="strong" @click=${() => actions.undo()}>${t("undo")}</button>
      <button class="plain" aria-label=${t("close")} @click=${() => actions.forgetUndo()}>${icon("close")}</button></div>`;
  }
}

/** Follows a link within the page. @param {MouseEvent} click @param {Partial<import("./core/address.js").State>} change */
function follow(click, change) {
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.button) return; // opens another tab
  click.preventDefault();
  address.go(change);
}

archive.start(); // its requests need not wait for the texts
await loadTexts();
customElements.define("owl-app", App);
