// The picture of a card: the thumbnail that the service makes, else the event's own picture. What is being made or failed is asked for again.

import { isShowable, thumbnailPath } from "../../core/media.js";
import { local } from "../../core/requests.js";

/** @typedef {import("../../core/archive.js").Event} Event */

const [RETRY, MOST] = [2000, 4]; // a failed picture is retried after this time, then after four times the last one

/** The paths of an event's pictures, the best first; none as long as there is nothing to make one of. @param {Event} event @param {number} width */
export function picturesOf(event, width) {
  if (!event.thumbnail && (event.state === "open" || !event.video)) return [];
  const own = event.thumbnail && isShowable(event.thumbnail) ? [local(event.thumbnail)] : [];
  return [thumbnailPath(event.id, width), ...own];
}

/** Loads the pictures of a card one after the other into an `img`. */
export class Picture {
  #image;
  #tell;
  /** @type {string[]} */
  #paths = [];
  #nth = 0;
  #tries = 0;
  #timer = 0;
  isLost = false;

  /** @param {HTMLImageElement} image @param {() => void} tell is called when a picture is there or lost */
  constructor(image, tell) {
    [this.#image, this.#tell] = [image, tell];
    image.addEventListener("load", () => { [this.#tries, this.isLost] = [0, false]; this.#tell(); });
    image.addEventListener("error", () => this.#fail());
  }

  /** @param {string[]} paths */
  show(paths) {
    if (paths.join() === this.#paths.join()) return;
    const isSame = paths[1] === this.#paths[1] && this.#image.complete && this.#image.naturalWidth > 0;
    this.#paths = paths;
    if (isSame && paths.length) return; // only another size is wanted of what is there
    [this.#nth, this.#tries] = [0, 0];
    this.#load();
  }

  #load() {
    clearTimeout(this.#timer);
    const path = this.#paths[this.#nth];
    if (!this.#image.isConnected) return;
    if (path) this.#image.src = path;
    else this.#image.removeAttribute("src");
  }

  async #fail() {
    const path = this.#paths[this.#nth];
    if (!path) return;
    const response = path.includes("/thumbnail?") ? await fetch(path).catch(() => null) : null;
    if (path !== this.#paths[this.#nth]) return;
    if (response?.status === 200) return this.#load(); // it is there meanwhile
    const isMade = response?.status === 202;
    if (response && !isMade && this.#nth + 1 < this.#paths.length) {
      this.#nth++;
      return this.#load();
    }
    this.isLost = !isMade;
    this.#tell();
    if (!isMade && (this.#tries >= MOST || (response && response.status < 500))) return; // it will not become another
    const delay = isMade ? 1000 * Math.min(8, 2 ** this.#tries) : RETRY * 4 ** this.#tries;
    this.#tries++;
    this.#timer = window.setTimeout(() => this.#load(), delay);
  }

  /** Loads a picture again that is lost: the service is there again. */
  again() {
    const { complete, naturalWidth } = this.#image;
    if (!this.isLost && !(this.#paths.length && complete && naturalWidth === 0)) return;
    [this.#nth, this.#tries] = [0, 0];
    this.#load();
  }

  /** Ends what is on its way. */
  stop() {
    clearTimeout(this.#timer);
    this.#paths = [];
    if (!this.#image.complete) this.#image.removeAttribute("src");
  }
}
