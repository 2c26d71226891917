// The session of this browser: signing out here ends it in all its tabs.

import { request } from "./requests.js";

const channel = new BroadcastChannel(`owlery ${location.pathname}`);
channel.addEventListener("message", () => request("api/v1/me").catch(() => {})); // which leads to the login page

/** Signs out, and goes to the login page. @param {SubmitEvent} submit of the form that does the same without this */
export async function signOut(submit) {
  submit.preventDefault();
  const form = /** @type {HTMLFormElement} */ (submit.target);
  const response = await fetch(form.action, { method: "POST" }).catch(() => null);
  if (!response?.ok) return form.submit(); // the browser says why
  channel.postMessage("");
  location.assign("login");
}
