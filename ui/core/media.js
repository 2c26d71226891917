// The media of events that the service makes on demand, and which files browsers show.

import { mediaPath, request } from "./requests.js";

const [SOON, LATE] = [500, 2000]; // milliseconds between two questions whether something is made, at first and later

/** Whether browsers show a picture of this name. @param {string} name */
export const isShowable = (name) => !name.endsWith(".ppm");

/** The path of an event's picture of a width. @param {string} id @param {number} width */
export const thumbnailPath = (id, width) => `${mediaPath(id)}/thumbnail?w=${width}`;

/** The response of a file as soon as it is made; null if it is no longer wanted. Throws if it cannot be made.
 * @param {string} path @param {RequestInit} [options]
 * @param {{tell?: (progress: number) => void, isWanted?: () => boolean}} [more] `tell` is called with the progress, from 0 to 1 */
export async function whenMade(path, options, { tell = () => {}, isWanted = () => true } = {}) {
  for (let wait = SOON; ; wait = Math.min(wait * 1.5, LATE)) {
    const response = await request(path, options);
    if (response.status !== 202) return response;
    tell((await response.json()).progress ?? 0);
    await new Promise((resume) => setTimeout(resume, wait));
    if (!isWanted()) return null;
  }
}
