// The sections about what there is: the use of each camera, the stores, the cache, and the audit log.

import { archive } from "../../core/archive.js";
import { number, size, t, withoutCommand } from "../../core/texts.js";
import { parse } from "../../core/time.js";
import { html, nothing } from "../../vendor/lit.js";
import { heads, numeric } from "./plan.js";
import { momentOf, percent, reason, relative, shortDay, when } from "../words.js";

/** @typedef {import("../storage.js").Storage} View */

const TEN_YEARS = 3650; // days; more is a guess that nobody needs

/** A bar that is filled to a share. @param {number} share */
const bar = (share) => html`<svg class="bar" aria-hidden="true"><rect width=${`${100 * Math.min(1, share)}%`} height="100%"></rect></svg>`;

/** What the rules of a forecast will keep, in words. @param {any} forecast @returns {string[]} */
const keptWords = (forecast) => (forecast?.kept ?? []).map((/** @type {any} */ { rule, days, bytes }) => t(`keeps-${rule}`, {
  days: days ?? 0, isKnown: days === null || (rule !== "keep-days" && days > TEN_YEARS) ? "no" : "yes", size: size(bytes), isSized: bytes === null ? "no" : "yes",
}));

/** The growth a day. @param {any} forecast */
const growth = (forecast) => size(forecast?.bytes_per_day_7 ?? forecast?.bytes_per_day_30 ?? null);

/** The use of each camera, and what will come of it. @param {any} retention null while it is not known */
export function use(retention) {
  const { cameras } = archive;
  const all = cameras.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const sum = (/** @type {"events" | "saved"} */ name) => number(cameras.reduce((sum, camera) => sum + camera[name], 0));
  if (cameras.length === 0) return html`<p>${t(archive.status.kind === "loading" ? "storage-loading" : "storage-no-camera")}</p>`;
  return html`<table><caption>${t("storage-use-caption")}</caption>
    ${heads("camera", "#events", "#saved", "#size", "#share", "#a-day", "will-keep")}
    <tbody>${cameras.map(({ name, events, saved, bytes, forecast }) => html`<tr><th scope="row">${name}</th>
      ${numeric(t("storage-events"), number(events))}${numeric(t("storage-saved"), number(saved))}${numeric(t("storage-size"), size(bytes))}
      <td class="number" data-name=${t("storage-share")}>${all && bytes !== null ? html`${percent(bytes / all)}${bar(bytes / all)}` : "–"}</td>
      ${numeric(t("storage-a-day"), growth(forecast))}<td class="wide">${keptWords(forecast).join("; ")}</td></tr>`)}</tbody>
    ${cameras.length > 1 ? html`<tfoot><tr><th scope="row">${t("storage-all")}</th>
      ${numeric(t("storage-events"), sum("events"))}${numeric(t("storage-saved"), sum("saved"))}
      ${numeric(t("storage-size"), size(all))}<td></td>${numeric(t("storage-a-day"), retention ? growth(retention.forecast) : "")}<td></td></tr></tfoot>` : nothing}
  </table>${retention?.forecast ? outlook(retention.forecast) : nothing}`;
}

/** The forecast of the whole archive. @param {any} forecast */
function outlook(forecast) {
  const { disk, days_until_full: days, bytes_per_day_30: month, warnings } = forecast;
  return html`<ul>
    ${disk ? html`<li>
      ${t("storage-disk", { free: size(disk.free), total: size(disk.total), percent: percent(disk.free / disk.total) })}</li>` : nothing}
    ${month === null || month === undefined ? nothing : html`<li>${t("storage-growth-month", { size: size(month) })}</li>`}
    ${days === null || days === undefined ? nothing : html`<li>${t(days > TEN_YEARS ? "storage-full-never" : "storage-full-in", { days: Math.floor(days) })}</li>`}
    ${keptWords(forecast).map((words) => html`<li>${words}</li>`)}
    ${(warnings ?? []).map((/** @type {string} */ warning) => html`<li class="bad">${warning}</li>`)}</ul>`;
}

/** @param {any} stores */
export function stores({ stores }) {
  if (stores.length === 0) return html`<p>${t("storage-no-store")}</p>`;
  return stores.map((/** @type {any} */ { name, url, active, copy, encrypted, out_of_reach_since: lost, copying }) => html`
    <h3>${name}</h3>${url ? html`<p class="soft">${url}</p>` : nothing}
    ${copying?.trouble ? html`<p class="bad">${t("store-trouble", { when: when(copying.trouble.since), why: copying.trouble.why ?? "" })}</p>`
    : lost ? html`<p class="bad">${t("store-lost", { when: when(lost) })}</p>` : nothing}
    <dl><dt>${t("store-rule")}</dt><dd>${t(active ? `store-copy-${copy ?? "off"}` : "store-inactive")}${encrypted ? `, ${t("storage-encrypted")}` : ""}</dd>
      ${copying ? copies(copying) : nothing}</dl>
    ${copying?.failed?.length ? html`<p class="bad">${t("store-failed")}</p><ul>${copying.failed.map((/** @type {any} */ { event, problem }) =>
    html`<li>${event}${problem ? `: ${problem}` : ""}</li>`)}</ul>` : nothing}`);
}

/** @param {any} copying */
function copies({ activity, event, waiting, waiting_bytes: bytes, oldest, copied, sent_bytes: sent, failures }) {
  const lag = oldest && `${momentOf(oldest)} (${relative(parse(oldest) - archive.now)})`;
  return html`<dt>${t("store-activity")}</dt><dd>${t(`store-${activity}`)}${event ? ` ${event}` : ""}</dd>
    <dt>${t("store-waiting")}</dt><dd>${waiting === null ? t("store-comparing") : t("store-events", { count: waiting, size: size(bytes) })}</dd>
    ${lag ? html`<dt>${t("store-oldest")}</dt><dd>${lag}</dd>` : nothing}
    <dt>${t("store-copied")}</dt><dd>${t("store-events", { count: copied, size: size(sent) })}
      ${failures ? html`, <span class="bad">${t("store-failures", { count: failures })}</span>` : nothing}</dd>`;
}

/** @param {View} view @param {any} cache */
export function cache(view, { entries, total_bytes: bytes, max_mb: most, hits, misses, hit_rate: rate }) {
  return html`<dl><dt>${t("storage-size")}</dt><dd>${t("cache-size", { size: size(bytes), most: size(most * 1e6) })}${bar(bytes / (most * 1e6))}</dd>
      <dt>${t("cache-entries")}</dt><dd>${number(entries)}</dd>
      <dt>${t("cache-hits")}</dt><dd>${hits + misses ? percent(rate) : "–"}</dd></dl>
    <div class="buttons"><button ?disabled=${view.isBusy || !entries} @click=${() => view.prune(Math.floor(bytes / 2))}>${t("cache-prune")}</button>
      <button ?disabled=${view.isBusy || !entries} @click=${() => view.clearCache()}>${t("cache-clear")}</button></div>`;
}

/** What an entry of the audit log is about. @param {import("./source.js").Entry} entry */
function about({ camera, day, events }) {
  if (!camera || !day) return "";
  const which = !Array.isArray(events) ? "" : events.length === 1 ? `, ${events[0]}` : `, ${t("storage-some-events", { count: events.length })}`;
  return `${camera}, ${shortDay(day)}${which}`;
}

/** @param {View} view @param {import("./source.js").Entry[]} entries */
export function audit(view, entries) {
  if (entries.length === 0) return html`<p>${t("audit-empty")}</p>`;
  return html`<table><caption>${t("audit-caption")}</caption>${heads("at", "what", "which", "#events", "#size", "why")}
    <tbody>${entries.map((entry) => html`<tr><th scope="row">${when(entry.at)}</th>
      <td>${t(`audit-${KNOWN.includes(entry.what) ? entry.what : "other"}`)}${entry.by === "hand" ? ` (${t("storage-by-hand")})` : ""}</td>
      <td>${about(entry)}</td><td class="number" data-name=${t("storage-events")}>${entry.count === undefined ? nothing : number(entry.count)}</td>
      <td class="number">${entry.bytes === undefined || entry.bytes === null ? nothing : size(entry.bytes)}</td>
      <td class="wide">${entry.what === "pass" ? nothing : withoutCommand(reason(entry))}</td></tr>`)}</tbody></table>
    ${view.audit.next === null ? nothing
    : html`<button ?disabled=${view.isBusy} @click=${() => view.act(() => view.audit.older())}>${t("audit-older")}</button>`}`;
}
const KNOWN = ["pass", "item", "left", "refused", "restored", "deleted", "saved", "unsaved", "emptied", "removed", "failed", "lost"];
