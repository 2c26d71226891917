// The pictures that one sees while the pointer goes over the timeline: few requests at a time, none that nobody wants any more, and a store
// of decoded pictures. It draws nothing, and does not know where the pictures come from.

/** @typedef {{bytes: number, close?: () => void}} Held what is kept of a picture: its size, and what frees it */
/** @typedef {{key: string, load: (signal: AbortSignal) => Promise<Held | "later" | null>}} Wanted `later`: it is being made; null: there is none */

const AT_ONCE = 2; // requests
const ROOM = 48e6; // bytes of decoded pictures
const AGAIN = 1000; // milliseconds until a picture that is being made is asked for again

/** @template {Held} T */
export class Pictures {
  /** @type {Map<string, T | null>} those used last at the end */
  #held = new Map();
  /** @type {Map<string, AbortController>} */
  #flying = new Map();
  /** @type {Map<string, number>} when those that are being made are asked for again */
  #late = new Map();
  /** @type {Wanted[]} */
  #wanted = [];
  #bytes = 0;
  #arrived;
  #room;

  /** @param {() => void} arrived @param {number} [room] */
  constructor(arrived, room = ROOM) {
    this.#arrived = arrived;
    this.#room = room;
  }

  /** A picture; null if there is none, undefined if it is not here. @param {string} key */
  get(key) {
    const held = this.#held.get(key);
    if (held) {
      this.#held.delete(key);
      this.#held.set(key, held);
    }
    return held;
  }

  /** Says what is wanted now, the most urgent first. Everything else is given up. @param {Wanted[]} wanted */
  want(wanted) {
    this.#wanted = wanted;
    for (const [key, control] of this.#flying) {
      if (wanted.some((each) => each.key === key)) continue;
      this.#flying.delete(key);
      control.abort();
    }
    this.#next();
  }

  #next() {
    for (const { key, load } of this.#wanted) {
      if (this.#flying.size >= AT_ONCE) return;
      if (this.#held.has(key) || this.#flying.has(key) || (this.#late.get(key) ?? 0) > Date.now()) continue;
      const control = new AbortController();
      this.#flying.set(key, control);
      load(control.signal).catch(() => /** @type {const} */ ("later")).then((made) => {
        if (this.#flying.get(key) === control) this.#flying.delete(key);
        if (control.signal.aborted) {
          if (made && made !== "later") made.close?.();
        } else this.#take(key, /** @type {T | "later" | null} */ (made));
        this.#next();
      });
    }
  }

  /** @param {string} key @param {T | "later" | null} made */
  #take(key, made) {
    if (made === "later") {
      this.#late.set(key, Date.now() + AGAIN);
      setTimeout(() => this.#next(), AGAIN + 1);
      return;
    }
    this.#late.delete(key);
    this.#held.set(key, made);
    this.#bytes += made?.bytes ?? 0;
    for (const [old, held] of this.#held) {
      if (this.#bytes <= this.#room || old === key) break;
      this.#held.delete(old);
      this.#bytes -= held?.bytes ?? 0;
      held?.close?.();
    }
    this.#arrived();
  }
}

/** The tile of a sprite (`sprite.json`) that shows a moment. @param {{tile_width: number, tile_height: number, columns: number, times: number[]}} index
 * @param {number} seconds from the beginning of the event */
export function tileAt({ tile_width: w, tile_height: h, columns, times }, seconds) {
  const tile = Math.max(0, times.findLastIndex((time) => time <= seconds));
  return { tile, x: (tile % columns) * w, y: Math.floor(tile / columns) * h, w, h };
}

/** The greatest rectangle of a shape in the middle of a box. @param {number} w @param {number} h @param {number} width @param {number} height */
export function within(w, h, width, height) {
  const scale = Math.min(width / w, height / h);
  return [(width - w * scale) / 2, (height - h * scale) / 2, w * scale, h * scale];
}
