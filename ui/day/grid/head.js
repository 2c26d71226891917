// The heading of a day in the list, and what is shown instead of a list.

import { actions } from "../../core/actions.js";
import { DEFAULT, address, filtersOf } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { icon } from "../../core/icon.js";
import { dayName, shortDayName, t } from "../../core/texts.js";
import { html, nothing } from "../../vendor/lit.js";

/** @param {string} day @param {number | null} found the number of events in the list if filters restrict it; null without */
export function dayHead(day, found) {
  const counts = archive.counts(day);
  const events = found ?? counts.reduce((sum, counts) => sum + counts.events, 0);
  const loose = counts.reduce((sum, counts) => sum + counts.loose, 0);
  const isKnown = found === null && counts.some(({ reviewed }) => reviewed !== undefined);
  const unreviewed = counts.reduce((sum, counts) => sum + counts.events - (counts.reviewed ?? 0), 0);
  const { cameras } = address.state;
  const mark = t(unreviewed ? "day-mark" : "day-unmark");
  return html`<div class="head"><h2><span class="wide">${dayName(day)}</span><span class="narrow">${shortDayName(day)}</span></h2>
    <span class="soft">${t("day-events", { count: events })}${isKnown && unreviewed ? html`, <b>${t("day-unreviewed", { count: unreviewed })}</b>` : nothing}</span>
    ${loose ? html`<a href=${address.href({ pictures: day })} @click=${(/** @type {MouseEvent} */ click) => open(click, day)}
      aria-label=${`${t("day-loose", { count: loose })}, ${dayName(day)}`}>${t("day-loose", { count: loose })}</a>` : nothing}
    ${isKnown && events ? html`<button class="plain" @click=${() => actions.reviewDay(day, [...cameras], unreviewed > 0)} title=${mark}
      aria-label=${`${mark}, ${dayName(day)}`}>${icon("check")}<span class="wide">${mark}</span></button>` : nothing}</div>`;
}

/** @param {MouseEvent} click @param {string} day */
function open(click, day) {
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.button) return;
  click.preventDefault();
  address.go({ pictures: day });
}

/** Shows everything again. */
export const removeFilters = () => {
  const { cameras, saved, unreviewed, min, strength, hours, region } = DEFAULT;
  address.go({ cameras, saved, unreviewed, min, strength, hours, region });
};

/** Whether anything restricts what is shown. */
export const hasFilters = () => filtersOf(address.state) !== filtersOf(DEFAULT) || address.state.hours !== "";

/** What is shown if there is no event to show. @param {boolean} isLoaded @param {(Error & {isPassing?: boolean}) | null} failure */
export function emptyState(isLoaded, failure) {
  if (failure) {
    return html`<div class="empty" role="status"><h2>${t(failure.isPassing ? "list-away" : "list-refused")}</h2><p class="bad">${failure.message}</p>
      ${failure.isPassing ? html`<p class="soft">${t("list-retries")}</p>` : hasFilters() ? removeButton() : nothing}</div>`;
  }
  if (!isLoaded) return nothing;
  if (hasFilters()) return html`<div class="empty" role="status"><h2>${t("list-nothing")}</h2><p class="soft">${t("list-nothing-why")}</p>${removeButton()}</div>`;
  if (archive.status.kind === "reading") return html`<div class="empty" role="status"><h2>${t("list-reading")}</h2></div>`;
  const which = archive.cameras.length ? "list-no-events" : "list-no-cameras";
  return html`<div class="empty" role="status"><h2>${t(which)}</h2><p class="soft">${t(`${which}-why`)}</p></div>`;
}

const removeButton = () => html`<button class="strong" @click=${removeFilters}>${t("filters-remove")}</button>`;
