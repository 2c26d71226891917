// The storage view: what the recordings take, what rules will delete and why, what waits for a confirmation, and what can be restored.
// Each section has its own request, and fails by itself; it is shown once those above it are there, so that nothing moves that one looks at.
// What the sections show is in `storage/`.

import { actions } from "../core/actions.js";
import { archive } from "../core/archive.js";
import { ask } from "../core/ask.js";
import { confirmHeld, tellPass, total } from "../core/held.js";
import { look } from "../core/look.js";
import { sendJson } from "../core/requests.js";
import { t } from "../core/texts.js";
import { LitElement, html, nothing } from "../vendor/lit.js";
import { audit, cache, stores, use } from "./storage/lists.js";
import { held, plan, queue, rules } from "./storage/plan.js";
import { Audit, Source } from "./storage/source.js";
import { style } from "./storage/style.js";
import { momentOf, wallTime } from "./words.js";

const AGAIN = 30_000; // milliseconds between two loads
const SETTLE = 300; // milliseconds in which reasons to load again are gathered

export class Storage extends LitElement {
  static styles = [look, style];

  constructor() {
    super();
    /** @type {Source<any>} */
    this.retention = new Source(this, "api/v1/retention");
    /** @type {Source<any>} */
    this.queue = new Source(this, "api/v1/queue");
    /** @type {Source<any>} */
    this.stores = new Source(this, "api/v1/stores");
    /** @type {Source<any>} */
    this.cache = new Source(this, "api/v1/cache");
    this.audit = new Audit(this);
    /** @type {Record<string, number>} the rows that are shown, by table */
    this.unfolded = {};
    this.isBusy = false;
    /** @type {{button: HTMLElement, heading: HTMLElement | null | undefined} | null} what had the focus last */
    this.focused = null;
    this.isLoaded = false;
    this.soon = () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.load(), SETTLE);
    };
    this.redraw = () => {
      this.requestUpdate();
      if (!this.isLoaded) this.soon(); // it was not known yet who asks
    };
  }

  connectedCallback() {
    super.connectedCallback();
    archive.addEventListener("status", this.soon);
    archive.addEventListener("cameras", this.redraw);
    archive.stream.addEventListener("pass", this.soon);
    document.addEventListener("visibilitychange", this.soon);
    this.load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    archive.removeEventListener("status", this.soon);
    archive.removeEventListener("cameras", this.redraw);
    archive.stream.removeEventListener("pass", this.soon);
    document.removeEventListener("visibilitychange", this.soon);
    clearTimeout(this.timer);
  }

  get canWrite() {
    return archive.canWrite;
  }

  get canWriteAll() {
    return archive.canWriteAll;
  }

  get alerts() {
    return archive.alerts;
  }

  /** Loads all sections, and again after a while; a hidden page waits until it is seen. */
  async load() {
    clearTimeout(this.timer);
    if (document.hidden || !archive.me) return; // `cameras` follows
    this.isLoaded = true;
    const sources = [this.retention, this.queue, this.audit, ...(archive.me.cameras === null ? [this.stores] : []), ...(this.canWriteAll ? [this.cache] : [])];
    await Promise.all(sources.map((source) => source.load()));
    clearTimeout(this.timer);
    if (this.isConnected) this.timer = window.setTimeout(() => this.load(), AGAIN);
  }

  /** @param {string} name @param {number} rows */
  unfold(name, rows) {
    this.unfolded[name] = rows;
    this.requestUpdate();
  }

  /** Does something with the buttons disabled, says why if it fails, and loads again. @param {() => Promise<unknown>} work */
  async act(work) {
    this.isBusy = true;
    this.requestUpdate();
    try {
      await work();
    } catch (error) {
      actions.notify(error.message, true);
    }
    this.isBusy = false;
    this.requestUpdate();
    this.soon();
  }

  /** Notes which button has the focus. @param {FocusEvent} event */
  onFocus({ target }) {
    const button = /** @type {HTMLElement} */ (target);
    this.focused = { button, heading: button.closest("section")?.querySelector("h2") };
  }

  /** The focus is gone because the user went elsewhere, unless its button was disabled or removed. @param {FocusEvent} event */
  onBlur({ target }) {
    const button = /** @type {HTMLButtonElement} */ (target);
    setTimeout(() => {
      if (this.focused?.button === button && button.isConnected && !button.disabled) this.focused = null;
    });
  }

  /** A button that is enabled again gets the focus back; one that was removed leaves it to the heading of its section. */
  updated() {
    if (!this.focused || document.activeElement !== document.body || this.isBusy) return;
    const { button, heading } = this.focused;
    const next = [button, heading, this.renderRoot.querySelector("h2")].find((each) => each?.isConnected);
    /** @type {HTMLElement | null | undefined} */ (next)?.focus({ preventScroll: true });
  }

  /** @param {any} pass a held one */
  confirm({ pass, refused }) {
    this.act(() => confirmHeld(pass, refused.message));
  }

  /** Makes a pass now. */
  run() {
    this.act(async () => {
      const { count, size, days } = total(this.retention.value?.plan?.items ?? []);
      const lines = [t("held-asks", { count, size, days })];
      if (count && !(await ask({ title: t("storage-run-title"), lines, action: t("storage-run") }))) return;
      tellPass(await sendJson("POST", "api/v1/retention/run"));
      await archive.refresh();
    });
  }

  /** @param {any} pass one of the delete queue */
  restore({ pass }) {
    this.act(async () => {
      const { items, left, kept_until: until } = await sendJson("POST", `api/v1/queue/${encodeURIComponent(pass)}/restore`);
      if (left.length) actions.notify(t("not-all-restored", { count: left.length, why: left[0].problem }), true);
      else actions.notify(t(until ? "storage-restored-until" : "storage-restored", { count: total(items).count, until: until ? momentOf(wallTime(until)) : "" }));
      await archive.refresh();
    });
  }

  /** @param {number} bytes that may stay */
  prune(bytes) {
    this.act(() => sendJson("POST", `api/v1/cache/prune?max_size=${bytes}`));
  }

  clearCache() {
    this.act(async () => {
      if (await ask({ title: t("cache-clear"), lines: [t("cache-clear-what")], action: t("cache-clear") })) await sendJson("DELETE", "api/v1/cache/entries");
    });
  }

  /** A section of what a source has: with the reason and a retry if it fails, left out if the user may not see it.
   * @param {string} name @param {Source<any>} source @param {(value: any) => unknown} show @param {unknown} [buttons] */
  section(name, source, show, buttons = nothing) {
    const { value, error, isAbsent } = source;
    if (isAbsent) return nothing;
    return html`<section aria-labelledby=${name} aria-busy=${value || error ? "false" : "true"}>
      <div class="head"><h2 id=${name} tabindex="-1">${t(`section-${name}`)}</h2>${value ? buttons : nothing}</div>
      ${error ? html`<p class="bad">${t("section-failed", { why: error })} <button @click=${() => source.load()}>${t("storage-retry")}</button></p>` : nothing}
      ${value ? show(value) : error ? nothing : html`<p class="soft">${t("storage-loading")}</p>`}</section>`;
  }

  render() {
    const { retention } = this;
    // A held pass is shown above all else; an alert announces it before the section is loaded.
    if (!retention.isSettled && this.alerts.length) return html`<p class="soft">${t("storage-loading")}</p>`;
    return html`<div class="all" @focusin=${this.onFocus} @focusout=${this.onBlur}>
      ${retention.value ? held(this, retention.value) : nothing}
      <section aria-labelledby="use"><h2 id="use" tabindex="-1">${t("section-use")}</h2>${use(retention.value)}</section>
      ${retention.isSettled ? [this.ruled(), this.others()] : nothing}
    </div>`;
  }

  /** The sections of what rules do. */
  ruled() {
    const { retention } = this;
    const run = this.canWriteAll && retention.value?.plan?.has_rule
      ? html`<button ?disabled=${this.isBusy} @click=${this.run}>${t("storage-run")}</button>` : nothing;
    return html`${this.section("rules", retention, (value) => rules(this, value), run)}
      ${retention.value?.plan?.has_rule === false ? nothing : this.section("plan", retention, (value) => plan(this, value))}`;
  }

  /** The sections below, up to the first one that is still loaded. */
  others() {
    /** @type {[string, Source<any>, (value: any) => unknown, boolean][]} */
    const all = [
      ["queue", this.queue, (value) => queue(this, value), true],
      ["stores", this.stores, stores, archive.me?.cameras === null],
      ["cache", this.cache, (value) => cache(this, value), this.canWriteAll],
      ["audit", this.audit, (value) => audit(this, value), true],
    ];
    const seen = all.filter(([, , , isSeen]) => isSeen);
    const waits = seen.findIndex(([, source]) => !source.isSettled);
    return seen.slice(0, waits < 0 ? undefined : waits + 1).map(([name, source, show]) => this.section(name, source, show));
  }
}

customElements.define("owl-storage", Storage);
