// What is known of the event in the player, and its files.

import { archive } from "../core/archive.js";
import { icon } from "../core/icon.js";
import { eventPath, local } from "../core/requests.js";
import { clock, dayName, duration, number, size, t } from "../core/texts.js";
import { dayOf, lengthOf } from "../core/time.js";
import { css, html, nothing } from "../vendor/lit.js";
import { reason } from "../views/words.js";

/** @typedef {import("./movie.js").Details} Details */

export const detailsStyle = css`
  .details { display: flex; flex-direction: column; gap: .75rem; padding: .75rem; overflow-wrap: anywhere; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem .9rem; margin: 0; }
  dt { color: var(--soft); }
  dd { margin: 0; min-width: 0; }
  .details ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: .25rem; }
  .files { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
  .movie { display: flex; gap: .25rem; }
  .movie button { flex: 1; min-width: 0; white-space: normal; overflow-wrap: anywhere; }
`;

/** What rules of size and space wait for. What they miss is said as of now, which is not why the event expires one day.
 * @type {Record<string, (rule: any) => Record<string, string>>} */
const LIMITS = {
  "camera-over": ({ limit }) => ({ limit: size(limit) }),
  "archive-over": ({ limit }) => ({ limit: size(limit) }),
  "free-space-under": ({ wanted }) => ({ wanted: size(wanted), isKnown: wanted ? "yes" : "no" }),
};

/** When and why the event expires. @param {Details} event */
function expiry({ expires }) {
  if (!expires) return "";
  const { at, rule } = expires;
  if (rule?.kind === "saved") return t("expires-saved");
  if (!at && !rule) return t("expires-no-rule");
  const limit = LIMITS[rule?.kind]?.(rule);
  const why = limit ? t(`expires-${rule.kind}`, limit) : reason(expires);
  return at ? t(limit && at > dayOf(archive.now) ? "expires-estimate" : "expires-at", { day: dayName(at), why }) : why;
}

/** @param {Details} event */
function facts(event) {
  const state = { open: t("recording"), complete: t("state-complete"), interrupted: t("state-interrupted") }[event.state];
  return [
    [t("camera"), event.camera],
    [t("start"), `${dayName(event.start.slice(0, 10))}, ${clock(event.start)}`],
    [t("length"), duration(lengthOf(event))],
    [t("frames"), event.frames === null ? t("not-measured") : event.frames ? number(event.frames) : ""],
    [t("size"), size(event.bytes)],
    [t("strength"), event.peak_change === null ? "" : number(event.peak_change)],
    [t("state"), [state, event.saved ? t("saved") : "", event.reviewed ? t("reviewed") : ""].filter(Boolean).join(", ")],
    [t("place"), !event.location || event.location === "local" ? t("place-local") : t("place-store", { store: event.location })],
    [t("expires"), expiry(event)],
  ].filter(([, text]) => text);
}

/** @param {Details} event @param {string} source the movie that is played
 * @param {{href: () => string, copy: () => void, choose: (url: string) => void}} doing a link to the moment, copying it, playing a movie */
export function details(event, source, { href, copy, choose }) {
  const name = event.id.replaceAll("/", " ");
  const zip = `${eventPath(event.id)}.zip`;
  return html`<section class="details" aria-label=${t("details")}>
    <dl>${facts(event).map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>
    ${event.problems.length ? html`<ul class="bad">${event.problems.map((problem) => html`<li>${problem}</li>`)}</ul>` : nothing}
    ${movies(event, source, name, choose)}
    <div class="files">
      ${event.video ? html`<a class="button" href=${local(event.video)} download=${fileName(name, event.video)}>
        ${icon("download")}${t("download-movie")}</a>` : nothing}
      <a class="button" href=${zip} download="${name}.zip">${icon("download")}${t("download-zip")}</a>
    </div>
    <div class="files">
      <button @click=${copy}>${t("copy-link")}</button>
      <a href=${href()} @pointerdown=${renew(href)} @focus=${renew(href)} @click=${(/** @type {MouseEvent} */ click) => {
        if (!click.ctrlKey && !click.metaKey && !click.shiftKey) click.preventDefault(); // it leads to where one is
      }}>${t("link")}</a>
    </div>
  </section>`;
}

/** A link's address is that of the moment in which it is used. @param {() => string} href */
const renew = (href) => (/** @type {globalThis.Event} */ { currentTarget }) => {
  /** @type {HTMLAnchorElement} */ (currentTarget).href = href();
};

/** @param {string} name @param {string} url */
const fileName = (name, url) => name + url.slice(url.lastIndexOf("."));

/** The movies to choose from, if there is a choice.
 * @param {Details} event @param {string} source @param {string} name @param {(url: string) => void} choose */
function movies(event, source, name, choose) {
  const all = event.videos.map(({ name, bytes, url }) => ({ name, bytes, url: local(url) }));
  if (event.debug_video && !event.videos.some(({ url }) => url === event.debug_video)) {
    all.push({ name: t("debug-movie"), bytes: null, url: local(event.debug_video) });
  }
  if (all.length < 2) return nothing;
  return html`<h3>${t("movies")}</h3><ul>${all.map((movie) => html`<li class="movie">
    <button aria-pressed=${movie.url === source} @click=${() => choose(movie.url)}>${movie.name}
      ${movie.bytes === null ? "" : html`<small>${size(movie.bytes)}</small>`}</button>
    <a class="button" href=${movie.url} download="${name} ${fileName(movie.name.replace(/\.\w+$/, ""), movie.url)}"
      aria-label=${t("download-of", { name: movie.name })}>${icon("download")}</a></li>`)}</ul>`;
}
