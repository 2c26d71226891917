// The sections about what rules do: the held pass, the rules in words, the next pass with the reason of each item, and the delete queue.

import { total } from "../../core/held.js";
import { number, size, t, withoutCommand } from "../../core/texts.js";
import { address } from "../../core/address.js";
import { html, nothing } from "../../vendor/lit.js";
import { to } from "../chips.js";
import { percent, reason, shortDay, when } from "../words.js";

/** @typedef {import("../../core/held.js").Item} Item */
/** @typedef {import("../storage.js").Storage} View */

/** A cell with a number. @param {string} name @param {unknown} value */
export const numeric = (name, value) => html`<td class="number" data-name=${name}>${value}</td>`;

/** The heads of a table: those of numbers begin with `#`, those of buttons, which are only read aloud, with `-`. @param {string[]} names */
export const heads = (...names) => html`<thead><tr>${names.map((name) => {
  const text = t(`storage-${name.replace(/^[#-]/, "")}`);
  return html`<th scope="col" class=${name[0] === "#" ? "number" : ""}>${name[0] === "-" ? html`<span class="visually-hidden">${text}</span>` : text}</th>`;
})}</tr></thead>`;

/** A link to a day, of a camera or of all. @param {string} day @param {string[]} cameras @param {string} text */
function dayLink(day, cameras, text) {
  const change = /** @type {const} */ ({ view: "day", day, at: "", cameras });
  return html`<a href=${address.href(change)} @click=${to(change)}>${text}</a>`;
}

/** Items by day and camera, each with its reason; beyond some rows folded. @param {View} view @param {string} name of what is unfolded
 * @param {string} caption @param {Item[]} items */
export function itemsTable(view, name, caption, items) {
  const most = view.unfolded[name] ?? 20;
  const sorted = [...items].sort((a, b) => (a.day === b.day ? (a.camera < b.camera ? -1 : 1) : a.day < b.day ? -1 : 1));
  /** @type {Map<string, Item[]>} */
  const days = new Map();
  for (const item of sorted.slice(0, most)) days.set(item.day, [...(days.get(item.day) ?? []), item]);
  return html`<table><caption>${caption}</caption>${heads("day", "camera", "#events", "#size", "why")}
    ${[...days].map(([day, items]) => html`<tbody>${items.map((item, nth) => html`<tr class=${nth ? "more" : ""}>
      ${nth ? nothing : html`<th scope="rowgroup" rowspan=${items.length}>${dayLink(day, [], shortDay(day))}</th>`}
      <td>${dayLink(day, [item.camera], item.camera)}</td>${numeric(t("storage-events"), number(item.count))}
      ${numeric(t("storage-size"), size(item.bytes))}<td class="wide">${reason(item)}</td></tr>`)}</tbody>`)}
  </table>
  ${items.length > most ? html`<button @click=${() => view.unfold(name, most + 200)}>${t("storage-show-more", { count: items.length - most })}</button>` : nothing}`;
}

/** The held passes, with their reasons and the button that confirms. @param {View} view @param {any} retention */
export function held(view, { passes }) {
  return passes.filter((/** @type {any} */ { refused }) => refused).map((/** @type {any} */ pass) => html`
    <section class="held" aria-labelledby=${pass.pass}><div class="head"><h2 id=${pass.pass}>${t("held-pass")}</h2>
      ${view.canWriteAll ? html`<button class="strong" ?disabled=${view.isBusy} @click=${() => view.confirm(pass)}>${t("held-confirm")}</button>` : nothing}</div>
      <p class="bad">${withoutCommand(pass.refused.message)}</p>
      <details><summary>${t("held-what", total(pass.items))}</summary>${itemsTable(view, pass.pass, t("held-caption"), pass.items)}</details>
    </section>`);
}

/** A rule of the flags, `VALUE` or `CAMERA=VALUE`. @param {string} rule */
function parts(rule) {
  const at = rule.lastIndexOf("=");
  return { camera: rule.slice(0, Math.max(0, at)), value: rule.slice(at + 1) };
}

/** `10000000000B` or `20%` in words. @param {string} value */
const amount = (value) => (/^\d+B$/.test(value) ? size(parseInt(value)) : value);

/** The rules as sentences. @param {any} rules @returns {string[]} */
function ruleWords({ keep_days, max_size, min_free, floor_days, max_share }) {
  /** @type {string[]} */
  const words = [];
  for (const { camera, value } of (keep_days ?? []).map(parts)) {
    const which = value === "forever" ? "rule-forever" : "rule-keep-days";
    words.push(t(camera ? `${which}-camera` : which, { camera, days: parseInt(value) || 0 }));
  }
  for (const { camera, value } of (max_size ?? []).map(parts)) {
    words.push(t(camera ? "rule-max-size-camera" : "rule-max-size", { camera, size: amount(value) }));
  }
  if (min_free) words.push(t("rule-min-free", { size: amount(min_free) }));
  if (words.length === 0) return [t("rule-none")];
  if (max_size?.length || min_free) words.push(t("rule-floor", { days: parseInt(floor_days) }));
  if (Number(max_share) < 1) words.push(t("rule-share", { percent: percent(Number(max_share)) }));
  return words;
}

/** @param {View} view @param {any} retention */
export function rules(view, { rules, next_check, plan, guards, passes }) {
  const told = passes.map((/** @type {any} */ { refused }) => refused?.message); // by the held pass
  return html`<ul>${ruleWords(rules).map((sentence) => html`<li>${sentence}</li>`)}</ul>
    ${next_check && plan?.has_rule !== false ? html`<p>${t("storage-next-pass", { when: when(next_check) })}</p>` : nothing}
    ${guards.filter((/** @type {any} */ { ok, message }) => !ok && !told.includes(message)).map((/** @type {any} */ { name, message }) =>
    html`<p class="bad">${t("storage-guard", { name, message: withoutCommand(message ?? "") })}</p>`)}
    ${plan?.alerts.filter((/** @type {string} */ alert) => !view.alerts.includes(alert))
    .map((/** @type {string} */ alert) => html`<p class="bad">${withoutCommand(alert)}</p>`)}`;
}

/** What the next pass takes, and what it keeps. @param {View} view @param {any} retention */
export function plan(view, { plan }) {
  if (!plan) return html`<p class="bad">${t("storage-no-plan")}</p>`;
  const { items, kept } = plan;
  return html`
    ${items.length ? itemsTable(view, "plan", t("plan-takes", total(items)), items) : html`<p>${t("plan-empty")}</p>`}
    ${kept.length ? html`<details><summary>${t("plan-keeps", total(kept))}</summary>${itemsTable(view, "kept", t("plan-kept"), kept)}</details>` : nothing}`;
}

/** The passes whose events can be restored. @param {View} view @param {any} queue */
export function queue(view, { passes, others }) {
  const problems = others.map((/** @type {any} */ { path, problem }) => html`<p class="bad">${path}: ${problem}</p>`);
  if (passes.length === 0) return html`<p>${t("queue-empty")}</p>${problems}`;
  return html`<table><caption>${t("queue-caption")}</caption>${heads("deleted-at", "by", "#events", "#size", "until", "-restore")}
    <tbody>${passes.map((/** @type {any} */ pass) => queued(view, pass))}</tbody></table>${problems}`;
}

/** @param {View} view @param {any} pass */
function queued(view, pass) {
  const { count, days, size } = total(pass.items);
  const cameras = [...new Set(pass.items.map((/** @type {Item} */ { camera }) => camera))].join(", ");
  const may = view.canWrite && !pass.reaping && pass.undo_until;
  return html`<tr><th scope="row">${when(pass.started)}</th><td>${t(`storage-by-${pass.by}`)}</td>${numeric(t("storage-events"), number(count))}
    ${numeric(t("storage-size"), size)}<td data-name=${t("storage-until")}>${pass.reaping || !pass.undo_until ? t("storage-reaping") : when(pass.undo_until)}</td>
    <td class="wide">${may ? html`<button ?disabled=${view.isBusy} @click=${() => view.restore(pass)}>${t("storage-restore")}</button>` : nothing}</td></tr>
    <tr class="more"><td colspan="6" class="wide"><details><summary>${t("queue-what", { cameras, days })}</summary>
      ${pass.problem ? html`<p class="bad">${pass.problem}</p>` : nothing}
      ${itemsTable(view, `queue-${pass.pass}`, t("queue-items"), pass.items)}</details></td></tr>`;
}
