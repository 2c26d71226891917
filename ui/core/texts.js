// The texts of the page, in the language of the browser: `texts/LANGUAGE.ftl`, in the format of Fluent.

import { FluentBundle, FluentResource } from "../vendor/fluent.js";
import { parse } from "./time.js";

const LANGUAGES = ["en", "de"];

/** The language of the page: the first of the browser's that it has. */
export const language = (navigator.languages ?? ["en"]).map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag)) ?? "en";
/** Its locale, for numbers and dates, with the browser's region (`de-AT`). */
export const locale = navigator.languages?.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;

const bundle = new FluentBundle(locale, { useIsolating: false });
let isLoaded = false;

/** Loads the texts. Nothing may be drawn before that. */
export async function loadTexts() {
  const response = await fetch(`texts/${language}.ftl`);
  if (!response.ok) throw new Error(`texts/${language}.ftl: ${response.status}`);
  const errors = bundle.addResource(new FluentResource(await response.text()));
  for (const error of errors) console.error(error);
  isLoaded = true;
  document.documentElement.lang = language;
}

/** The text of a message; empty as long as there are none. @param {string} id @param {Record<string, string | number>} [values] */
export function t(id, values) {
  if (!isLoaded) return "";
  const message = bundle.getMessage(id);
  if (!message?.value) {
    console.error(`no text ${id}`);
    return id;
  }
  /** @type {Error[]} */
  const errors = [];
  const text = bundle.formatPattern(message.value, values, errors);
  for (const error of errors) console.error(`text ${id}:`, error);
  return text;
}

/** A formatter that is made when it is first needed. @template T @param {() => T} make */
function lazy(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}

/** @param {Intl.DateTimeFormatOptions} options */
const dates = (options) => lazy(() => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }));
const [longDay, shortDay, month, weekday] = [
  dates({ weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  dates({ weekday: "short", month: "short", day: "numeric" }),
  dates({ year: "numeric", month: "long" }),
  dates({ weekday: "short" }),
];
const plain = lazy(() => new Intl.NumberFormat(locale));
const rounded = lazy(() => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }));

/** `Friday, November 20, 2026` @param {string} day */
export const dayName = (day) => longDay().format(parse(day));
/** `Fri, Nov 20` @param {string} day */
export const shortDayName = (day) => shortDay().format(parse(day));
/** `November 2026` @param {string} day */
export const monthName = (day) => month().format(parse(day));
/** `Fri` @param {string} day */
export const weekdayName = (day) => weekday().format(parse(day));
/** `12,345` @param {number} value */
export const number = (value) => plain().format(value);
/** `10:04:35`, as Motion wrote it. @param {string} time */
export const clock = (time) => time.slice(11, 19);

/** `17 s`, `2 min 5 s` or `1 h 3 min`. @param {number} ms */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t("seconds", { s: seconds });
  if (seconds < 3600) return t("minutes", { m: Math.floor(seconds / 60), s: seconds % 60 });
  return t("hours", { h: Math.floor(seconds / 3600), m: Math.floor((seconds % 3600) / 60) });
}

/** `1.23 GB`; what is not known yet, if null. @param {number | null} bytes */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return t("not-measured");
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${rounded().format(bytes)} ${units[unit]}`;
}

/** A message of the service without the command that confirms: the page has a button for that. @param {string} message */
export const withoutCommand = (message) => message.replace(/(?:; if [^;]* confirm it|, or [^;,]* confirmed|, or remove it) with: owlery .*$/s, "");
