// The moment that the list of the day view is at, for those who show it or want another one.

/** Events: `time` (the list is at another moment), `go` (detail: the moment in milliseconds that somebody wants to see). */
class Cursor extends EventTarget {
  #time = 0;

  /** The wall time at the top of the list, in milliseconds; 0 if it is not known yet. */
  get time() {
    return this.#time;
  }

  set time(ms) {
    if (ms === this.#time) return;
    this.#time = ms;
    this.dispatchEvent(new CustomEvent("time"));
  }

  /** Asks the list to go to a moment. @param {number} ms */
  go(ms) {
    this.dispatchEvent(new CustomEvent("go", { detail: ms }));
  }
}

export const cursor = new Cursor();
