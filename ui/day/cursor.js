// The moment that list and timeline have in common: the list says what is at its top, the timeline where one wants to be.

/** Times are milliseconds of wall time. Events: `time` (the list has moved), `go` (detail: the moment that was picked). */
class Cursor extends EventTarget {
  /** @type {number | null} the moment at the top of the list; null as long as the list is empty */
  time = null;

  /** The list shows this moment at its top. @param {number | null} ms */
  show(ms) {
    if (ms === this.time) return;
    this.time = ms;
    this.dispatchEvent(new CustomEvent("time"));
  }

  /** Shows the newest event at or before a moment at the top of the list. @param {number} ms */
  go(ms) {
    this.dispatchEvent(new CustomEvent("go", { detail: ms }));
  }
}

export const cursor = new Cursor();
