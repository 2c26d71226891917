// Requests to the service, with paths relative to the page. What is made of the responses is left to the callers.

import { t } from "./texts.js";

const PATIENCE = 15_000; // milliseconds until a service that does not respond counts as away

/** An error of a request. `status` is that of the response; 0 if the service was not reached. */
export class RequestError extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }

  /** Whether the service was reached and did not respond. */
  isSilent = false;

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** Sends a request, and returns its response if that is a success or has the status `accepts`. Without a session the browser goes to the login page.
 * @param {string} path @param {RequestInit & {accepts?: number}} [options] @returns {Promise<Response>} */
export async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (options?.signal?.aborted && error.name !== "TimeoutError") throw error;
    throw unreached(error);
  }
  if (response.status === 401) {
    location.assign(`login${location.search ? `?next=${encodeURIComponent(`/${location.search}`)}` : ""}`);
    return new Promise(() => {}); // the browser leaves this page
  }
  if (response.ok || response.status === options?.accepts) return response;
  const problem = await response.json().catch(() => null);
  throw new RequestError(problem?.detail ?? problem?.title ?? `${path.split("?")[0]}: ${response.status}`, response.status);
}

/** Why there is no response, in words: a browser's own are not in the user's language. @param {Error} error */
function unreached({ name }) {
  const isSilent = name === "TimeoutError";
  return Object.assign(new RequestError(t(isSilent ? "no-response" : "no-connection"), 0), { isSilent });
}

/** The JSON of a response. What only reads waits for a limited time. @param {string} path
 * @param {RequestInit & {accepts?: number}} [options] */
export async function fetchJson(path, options = {}) {
  const waits = options.signal || (options.method ?? "GET") !== "GET" ? options : { ...options, signal: AbortSignal.timeout(PATIENCE) };
  const response = await request(path, waits);
  return response.json().catch((error) => { throw error.name === "AbortError" && options.signal ? error : unreached(error); });
}

/** Sends JSON, and returns the JSON of the response. @param {string} method @param {string} path @param {unknown} [body] */
export function sendJson(method, path, body) {
  const sent = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return fetchJson(path, { method, ...sent });
}

/** The status of a file; 0 if the service is unreachable. @param {string} url */
export async function statusOf(url) {
  try {
    return (await fetch(url, { method: "HEAD", cache: "no-store" })).status;
  } catch {
    return 0;
  }
}

/** The path of an event in the API, for an id such as `Camera1/2026-11-20/10-04-36`. @param {string} id */
export const eventPath = (id) => `api/v1/events/${id.split("/").map(encodeURIComponent).join("/")}`;

/** The path of the event's media. @param {string} id */
export const mediaPath = (id) => `media/${id.split("/").map(encodeURIComponent).join("/")}`;

/** A path of the API's JSON (`/media/…`), relative to the page, for any mount path and proxy. @param {string} path */
export const local = (path) => path.match(/(?:media|api\/v1\/days)\/[^/]+\/\d{4}-\d\d-\d\d\/.*/)[0];
