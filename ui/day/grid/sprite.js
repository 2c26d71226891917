// The pictures of an event in one: what one sees of it while the pointer moves over its card. Nothing is decoded but one JPEG.

import { whenMade } from "../../core/media.js";
import { mediaPath } from "../../core/requests.js";

/** @typedef {{tile_width: number, tile_height: number, columns: number, rows: number, times: number[], url: string}} Sprite */

const KEPT = 12; // decoded sprites are some megabytes each
/** @type {Map<string, Promise<Sprite | null>>} by the event's id */
const sprites = new Map();

/** @param {string} id @param {() => boolean} isWanted @returns {Promise<Sprite | null>} */
async function load(id, isWanted) {
  const index = await whenMade(`${mediaPath(id)}/sprite.json`, {}, { isWanted });
  if (!index) return null;
  const image = new Image();
  image.src = `${mediaPath(id)}/sprite.jpg`;
  const [sprite] = await Promise.all([index.json(), image.decode()]);
  return sprite.times.length > 1 ? { ...sprite, url: image.src, image } : null;
}

/** The sprite of an event; null if it has none. @param {string} id @param {() => boolean} isWanted whether it is still waited for */
export function spriteOf(id, isWanted) {
  const known = sprites.get(id);
  if (known) return known;
  const loading = load(id, isWanted).catch(() => null);
  sprites.set(id, loading);
  loading.then((sprite) => { if (!sprite) sprites.delete(id); });
  if (sprites.size > KEPT) sprites.delete(/** @type {string} */ (sprites.keys().next().value));
  return loading;
}

/** The tile at a part of the width, and what shows it. @param {Sprite} sprite @param {number} part 0 to 1 */
export function tileAt({ tile_width: width, tile_height: height, columns, rows, times, url }, part) {
  const nth = Math.min(times.length - 1, Math.max(0, Math.floor(part * times.length)));
  /** @param {number} at @param {number} count */
  const percent = (at, count) => (count > 1 ? `${(100 * at) / (count - 1)}%` : "0");
  return {
    nth,
    time: times[nth],
    // Of the box of 16:9 a wider picture takes the width, a higher one the height.
    style: `background-image: url("${url}"); background-size: ${columns * 100}% ${rows * 100}%; background-position: ${percent(nth % columns, columns)} `
      + `${percent(Math.floor(nth / columns), rows)}; aspect-ratio: ${width} / ${height}; ${width / height >= 16 / 9 ? "height" : "width"}: auto`,
  };
}
