// The live stream of the service. A hidden page has none, since browsers open only six connections to a host. While there is none, the
// page asks again and again whether the service is there.

const RETRY = 3000; // milliseconds between two attempts while the service is away

/** Events: `open` (what was shown may be outdated), `lost`, `reset`, `put` (detail: an event), `remove` (detail: an id), `pass` (detail). */
export class Stream extends EventTarget {
  /** @type {EventSource | null} */
  #source = null;
  #timer = 0;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
    this.#open();
  }

  get isOpen() {
    return this.#source?.readyState === EventSource.OPEN;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    if (document.hidden || this.#source) return;
    const source = (this.#source = new EventSource("api/v1/stream"));
    /** @param {string} name @param {unknown} [detail] */
    const tell = (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail }));
    source.addEventListener("open", () => tell("open"));
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      tell("lost");
      // The browser retries by itself, unless the response was an error.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#source = null;
      this.#timer = window.setTimeout(() => this.#open(), RETRY);
    });
    source.addEventListener("reset", () => tell("reset"));
    for (const name of ["event-added", "event-changed"]) {
      source.addEventListener(name, (message) => tell("put", JSON.parse(message.data)));
    }
    source.addEventListener("event-removed", (message) => tell("remove", JSON.parse(message.data).id));
    source.addEventListener("pass", (message) => tell("pass", JSON.parse(message.data)));
  }
}
