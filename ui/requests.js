// Requests to the service. What is made of the responses is left to the callers.

/** The response of the API. Without a session the browser goes to the login page. */
export async function fetchJson(path) {
  const response = await fetch(path);
  if (response.status === 401) {
    location.assign(`login${location.search ? `?next=${encodeURIComponent(`/${location.search}`)}` : ""}`);
    return new Promise(() => {}); // the browser leaves this page
  }
  if (response.ok) return response.json();
  const error = new Error(`${path.split("?")[0]}: ${response.status}`);
  // The request was invalid: the address of the page was typed, or is outdated.
  if (response.status < 500) error.refusal = (await response.json().catch(() => null))?.detail ?? error.message;
  throw error;
}

/** The status of a file; null if the service is unreachable. */
export async function statusOf(url) {
  try {
    return (await fetch(url, { method: "HEAD", cache: "no-store" })).status;
  } catch {
    return null;
  }
}
