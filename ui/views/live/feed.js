// The live pictures of a camera, one after the other: of its stream, or single ones each second where there may be none or it fails. They
// are read here and not by an `img`, which says neither that a stream has stopped nor why it fails.

import { request } from "../../core/requests.js";
import { t } from "../../core/texts.js";
import { SECOND } from "../../core/time.js";

const SILENCE = 1.9 * SECOND; // without a picture it is an outage
const STALL = 12 * SECOND; // a stream without a picture is given up: the service itself waits for about ten seconds
const PAUSE = SECOND; // between single pictures
const SINGLE = 3 * SECOND; // for a single picture
const STREAM_AGAIN = 30 * SECOND; // after a stream failed
const LONGEST = 15 * SECOND; // between two attempts
const LARGEST = 16e6; // bytes of a picture

/** Single pictures are asked for by a few at a time: a browser opens only six connections to a host. */
const turns = {
  free: 3,
  /** @type {(() => void)[]} */
  waiting: [],
  /** @template T @param {() => Promise<T>} work */
  async take(work) {
    if (this.free > 0) this.free--;
    else await new Promise((go) => this.waiting.push(() => go(undefined)));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  },
};

/** Reads the parts of a `multipart/x-mixed-replace` response, each with its `Content-Length`. */
class Parts {
  /** @type {Uint8Array} what was read and not taken */
  #rest = new Uint8Array(0);
  #text = new TextDecoder("latin1");

  /** @param {ReadableStream<Uint8Array>} body */
  constructor(body) {
    this.reader = body.getReader();
  }

  async #more() {
    const { done, value } = await this.reader.read();
    if (done) throw new Error(t("live-ended"));
    return value;
  }

  /** The next picture. */
  async next() {
    const length = Number((await this.#head()).match(/content-length: *(\d+)/i)?.[1]);
    if (!(length <= LARGEST)) throw new Error(t("live-unknown"));
    const picture = new Uint8Array(length);
    for (let filled = 0; ;) {
      const part = this.#rest.subarray(0, length - filled);
      picture.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (filled === length) return picture;
      this.#rest = await this.#more();
    }
  }

  async #head() {
    for (;;) {
      const text = this.#text.decode(this.#rest);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 4);
        return text.slice(0, end);
      }
      if (text.length > 4096) throw new Error(t("live-unknown"));
      const more = await this.#more();
      const joined = new Uint8Array(this.#rest.length + more.length);
      joined.set(this.#rest);
      joined.set(more, this.#rest.length);
      this.#rest = joined;
    }
  }
}

/** Events: `picture` (detail: an ImageBitmap, which the listener closes), `outage` (nothing came for a while, or the attempt failed). */
export class Feed extends EventTarget {
  /** Why there is no picture, if that is known. */
  why = "";
  #ended = new AbortController();
  /** @type {AbortController | null} of the present attempt */
  #attempt = null;
  #silence = 0;
  #stall = 0;
  /** @type {(() => void) | null} */
  #wake = null;

  /** @param {string} camera @param {boolean} mayStream */
  constructor(camera, mayStream) {
    super();
    this.path = `live/${encodeURIComponent(camera)}`;
    this.mayStream = mayStream;
  }

  /** Begins. It goes on until `stop`, whatever fails. */
  async start() {
    this.#watch();
    let failures = 0;
    for (let streamFrom = 0; !this.#ended.signal.aborted;) {
      const began = Date.now();
      const isStream = this.mayStream && began >= streamFrom;
      try {
        await this.#attempted(isStream);
        if (failures) streamFrom = 0; // the camera is back
        failures = 0;
        await this.#sleep(PAUSE);
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        clearTimeout(this.#stall);
        this.why = error.name === "TimeoutError" || error.name === "AbortError" ? t("live-silent") : error.message;
        // Single pictures follow, unless it was an end after a long time: that of a session, say.
        if (isStream) streamFrom = Date.now() - began > STREAM_AGAIN ? 0 : Date.now() + STREAM_AGAIN;
        else await this.#sleep(Math.min(LONGEST, SECOND * 2 ** failures++));
      }
    }
  }

  /** Ends it, and frees its connection. */
  stop() {
    this.#ended.abort();
    this.#attempt?.abort();
    this.#wake?.();
    clearTimeout(this.#silence);
    clearTimeout(this.#stall);
  }

  /** Tries at once what waits to be tried again. */
  again() {
    this.#wake?.();
  }

  /** Reads a single picture, or a stream until it fails. @param {boolean} isStream */
  async #attempted(isStream) {
    const attempt = (this.#attempt = new AbortController());
    if (!isStream) {
      return turns.take(async () => {
        const signal = AbortSignal.any([attempt.signal, AbortSignal.timeout(SINGLE)]);
        await this.#show(await (await request(`${this.path}/still.jpg`, { signal })).arrayBuffer());
      });
    }
    this.#armStall();
    const { body } = await request(this.path, { signal: attempt.signal });
    const parts = new Parts(/** @type {ReadableStream<Uint8Array>} */ (body));
    for (;;) {
      await this.#show(await parts.next());
      this.#armStall();
    }
  }

  /** @param {BlobPart} picture */
  async #show(picture) {
    const bitmap = await createImageBitmap(new Blob([picture], { type: "image/jpeg" })).catch(() => { throw new Error(t("live-unknown")); });
    if (this.#ended.signal.aborted) return bitmap.close();
    this.why = "";
    this.#watch();
    this.dispatchEvent(new CustomEvent("picture", { detail: bitmap }));
  }

  /** Says so if no picture follows. */
  #watch() {
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => {
      this.dispatchEvent(new CustomEvent("outage"));
      this.#silence = window.setInterval(() => this.dispatchEvent(new CustomEvent("outage")), SECOND); // the reason may change
    }, SILENCE);
  }

  #armStall() {
    clearTimeout(this.#stall);
    this.#stall = window.setTimeout(() => this.#attempt?.abort(), STALL);
  }

  /** @param {number} ms */
  #sleep(ms) {
    return new Promise((resume) => {
      this.#wake = () => resume(undefined);
      setTimeout(resume, ms);
    });
  }
}
