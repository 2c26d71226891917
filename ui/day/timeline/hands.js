// What one does with the timeline: pointers, the wheel and keys, the mark with the focus, and the bubble. It is loaded after the first view.

import { address, isFiltered } from "../../core/address.js";
import { archive } from "../../core/archive.js";
import { clock, duration, number, shortDayName, t } from "../../core/texts.js";
import { DAY, HOUR, addDays, dayOf, parse } from "../../core/time.js";
import { Bubble } from "./bubble.js";
import { AXIS } from "./draw.js";
import { before, nearest, neighbours } from "./find.js";
import { Pointers, pinch, turn, wholeDays } from "./gestures.js";
import { countOf } from "./load.js";
import { hourOf } from "./marks.js";
import { clamp, pan, toTime, zoom } from "./scale.js";

/** @typedef {import("./marks.js").Mark} Mark */

const [NEAR, TOUCH] = [4, 12]; // pixels beside a mark that still mean it, for a finger
const STEP = 1.6; // of the zoom by keys and buttons
const MONTH = 31; // days that one walks without an event, and whose counts are asked for at once

export class Hands {
  pointers = new Pointers();
  /** @type {import("./scale.js").View | null} the view before one zoomed to an hour */
  #back = null;
  #asked = 0;

  /** @param {import("../timeline.js").Timeline} timeline @param {HTMLElement} overlay */
  constructor(timeline, overlay) {
    this.timeline = timeline;
    this.overlay = overlay;
    this.bubble = new Bubble(overlay);
    /** @type {[string, (event: any) => void][]} */
    const listeners = [
      ["pointerdown", (event) => this.#down(event)], ["pointermove", (event) => this.#point(event, "move")],
      ["pointerup", (event) => this.#point(event, "up")], ["pointercancel", (event) => this.#leave(event)],
      ["pointerleave", (event) => this.#leave(event)], ["wheel", (event) => this.#wheel(event)], ["dblclick", (event) => this.#double(event)],
      ["keydown", (event) => this.#key(event)], ["focus", () => this.#focus()], ["blur", () => timeline.draw()],
    ];
    for (const [name, listener] of listeners) overlay.addEventListener(name, listener, { passive: false });
    if (overlay.matches(":focus")) this.#focus();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button) return;
    this.overlay.setPointerCapture(event.pointerId);
    this.pointers.down(placeOf(event));
  }

  /** @param {PointerEvent} event @param {"move" | "up"} what */
  #point(event, what) {
    const { timeline } = this;
    const { view, width } = timeline;
    const place = placeOf(event);
    this.overlay.classList.toggle("axis", place.isHeader);
    const meant = this.pointers[what](place);
    if (!meant) return;
    if (meant.kind === "pan") return timeline.show(pan(view, (-meant.dx / width) * (view.to - view.from)));
    if (meant.kind === "pinch") return timeline.show(pinch(view, width, meant.before, meant.after));
    const { kind, x, y, isTouch } = meant;
    timeline.pointer = isTouch && kind !== "scrub" ? null : meant;
    timeline.draw();
    if (kind === "hover" || kind === "scrub") return;
    const mark = kind === "click" ? this.markAt(x, y, isTouch) : null;
    if (mark) address.go({ event: mark.event.id });
    else if (kind === "drop" || y >= AXIS) timeline.cursor.go(toTime(view, width, x));
  }

  /** @param {PointerEvent} event */
  #leave(event) {
    if (event.type === "pointercancel") this.pointers.cancel(event.pointerId);
    if (this.pointers.isDown) return;
    this.timeline.pointer = null;
    this.timeline.draw();
  }

  /** @param {WheelEvent} wheel */
  #wheel(wheel) {
    wheel.preventDefault();
    const { view, width } = this.timeline;
    const { pan: by, factor } = turn(wheel);
    this.timeline.show(by ? pan(view, (by / width) * (view.to - view.from)) : zoom(view, factor, toTime(view, width, wheel.offsetX)));
  }

  /** Zooms to an hour, and back. @param {MouseEvent} event */
  #double({ offsetX }) {
    const { view, width } = this.timeline;
    if (view.to - view.from <= HOUR) {
      if (this.#back) this.timeline.show(this.#back, true);
      else this.press("day");
      return;
    }
    this.#back = view;
    const from = hourOf(toTime(view, width, offsetX));
    this.timeline.show({ from, to: from + HOUR }, true);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { timeline } = this;
    const { view, mark } = timeline;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1), ArrowUp: () => this.#stepLane(-1), ArrowDown: () => this.#stepLane(1),
      Home: () => this.#walk(view.from, "", 1), End: () => this.#walk(view.to, "", -1),
      PageUp: () => this.#shift(-DAY), PageDown: () => this.#shift(DAY),
      "+": () => this.press("in"), "=": () => this.press("in"), "-": () => this.press("out"),
      Enter: () => mark && address.go({ event: mark.event.id }), Escape: () => this.overlay.blur(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    timeline.pointer = null;
    keys[event.key]();
  }

  /** Does what a button says: zooms around the mark with the focus or the middle, shows whole days, or now. @param {"in" | "out" | "day" | "week" | "now"} name */
  press(name) {
    const { mark, goal, bounds } = this.timeline;
    const [span, middle] = [goal.to - goal.from, (goal.from + goal.to) / 2];
    const at = mark && this.#sees(mark) ? mark.start : middle;
    this.timeline.show({
      in: () => zoom(goal, 1 / STEP, at), out: () => zoom(goal, STEP, at),
      day: () => wholeDays(goal, 1, bounds.to), week: () => wholeDays(goal, 7, bounds.to), now: () => pan(goal, archive.now - goal.from - span * 0.9),
    }[name](), true);
  }

  /** Whether the beginning of a mark is in view. @param {Mark} mark */
  #sees({ start }) {
    return start >= this.timeline.goal.from && start <= this.timeline.goal.to;
  }

  #focus() {
    if (!this.timeline.mark && this.overlay.matches(":focus-visible")) this.#step(-1);
    this.timeline.draw();
  }

  /** @param {number} ms */
  #shift(ms) {
    this.#choose(null);
    this.timeline.show(pan(this.timeline.goal, ms), true);
  }

  /** @param {1 | -1} direction */
  #step(direction) {
    const { mark, goal } = this.timeline;
    if (mark && this.#sees(mark)) return this.#walk(mark.start, mark.event.id, direction);
    return this.#walk(direction > 0 ? goal.from : goal.to, "", direction);
  }

  /** Goes to the next mark in time. @param {number} time @param {string} id of the mark where one is, or "" @param {1 | -1} direction */
  async #walk(time, id, direction) {
    const asked = ++this.#asked;
    try {
      const found = await this.#find(time, id, direction);
      if (found && asked === this.#asked) this.#choose(found);
    } catch (error) {
      archive.fail(error);
    }
  }

  /** The next mark in time; null at the end. Hours on the way are loaded. @param {number} time @param {string} id @param {1 | -1} direction */
  async #find(time, id, direction) {
    const { hours, bounds } = this.timeline;
    const filtered = isFiltered(address.state);
    let days = 0; // that were loaded under filters
    for (let hour = hourOf(time); direction > 0 ? hour <= bounds.to : hour + HOUR > bounds.from; hour += direction * HOUR) {
      if (!hours.get(hour)) {
        const day = dayOf(hour);
        const far = addDays(day, direction * MONTH);
        await archive.loadDays(direction > 0 ? day : far, direction > 0 ? far : day);
        if (countOf(hour)) {
          if (filtered && ++days > MONTH) return null;
          await (filtered ? archive.load(parse(day), parse(day) + DAY) : archive.load(hour, hour + HOUR));
        }
      }
      const marks = hours.get(hour)?.marks ?? [];
      const at = marks.findIndex(({ event }) => event.id === id);
      if (at >= 0 && marks[at + direction]) return marks[at + direction];
      if (at >= 0) continue;
      const found = direction > 0 ? marks.find(({ start }) => start >= time) : marks.findLast(({ start }) => start <= time);
      if (found) return found;
    }
    return null;
  }

  /** Goes to the mark in the next lane that is nearest in time. @param {1 | -1} direction */
  #stepLane(direction) {
    const { mark, goal, lanes, hours } = this.timeline;
    if (!mark) return this.#step(-1);
    for (let lane = (lanes.of.get(mark.event.camera) ?? 0) + direction; lane >= 0 && lane < lanes.names.length; lane += direction) {
      const found = nearest(hours, lanes, lane, mark.start, goal.to - goal.from, archive.now);
      if (found && this.#sees(found)) return this.#choose(found);
    }
  }

  /** @param {Mark | null} mark */
  #choose(mark) {
    const { timeline } = this;
    const { from, to } = timeline.goal;
    timeline.mark = mark;
    if (mark && !this.#sees(mark)) timeline.show(pan({ from, to }, mark.start - (from + to) / 2), true);
    timeline.name = { id: `mark${++this.#asked}`, text: "" };
    this.rename();
  }

  /** Names the mark with the focus, as it is now. */
  rename() {
    const { timeline } = this;
    const { mark, goal: { from, to }, arranged } = timeline;
    timeline.requestUpdate();
    if (!mark) return;
    const event = archive.get(mark.event.id) ?? mark.event;
    timeline.mark = { ...mark, event };
    const all = arranged?.isWhole && !arranged.isDense ? arranged.hours.flatMap(({ marks }) => marks) : [];
    const inView = all.filter(({ start }) => start >= from && start <= to);
    const nth = inView.findIndex((each) => each.event.id === event.id) + 1;
    timeline.name.text = [
      event.camera, ...(to - from > DAY ? [shortDayName(dayOf(event.start))] : []), clock(event.start), duration(mark.end - mark.start),
      ...(event.state === "open" ? [t("timeline-open")] : []), ...(event.saved ? [t("timeline-saved")] : []),
      t(event.reviewed ? "timeline-reviewed" : "timeline-unreviewed"),
    ].join(", ") + (nth ? `; ${t("timeline-place", { nth: number(nth), count: number(inView.length) })}` : "");
  }

  /** @param {number} y */
  #laneAt(y) {
    const { height, names } = this.timeline.lanes;
    return clamp(Math.floor((y - AXIS) / height), 0, names.length - 1);
  }

  /** The mark at a place in the plot. @param {number} x @param {number} y @param {boolean} [isTouch] */
  markAt(x, y, isTouch) {
    const { view, width, hours, lanes } = this.timeline;
    const away = ((isTouch ? TOUCH : NEAR) * (view.to - view.from)) / width;
    return y < AXIS ? null : nearest(hours, lanes, this.#laneAt(y), toTime(view, width, x), away, archive.now);
  }

  /** Shows the picture of the moment under the pointer, or of the mark that was reached by keys. */
  peek() {
    const { timeline, bubble } = this;
    const { pointer, mark, view, width, lanes, hours } = timeline;
    if (!pointer || pointer.y < AXIS) {
      const box = mark && !pointer && this.overlay.matches(":focus-visible") && timeline.boxOf(mark);
      if (!box) return bubble.hide();
      const next = neighbours(hours, lanes, mark);
      return bubble.show({ time: mark.start, x: box[0] + box[2] / 2, width, mark, isSoft: false, isStill: true, text: mark.event.camera, next });
    }
    const lane = this.#laneAt(pointer.y);
    const time = toTime(view, width, pointer.x);
    const hit = this.markAt(pointer.x, pointer.y, pointer.isTouch);
    const ofLane = (/** @type {number} */ hour) => countOf(hour, (camera) => lanes.of.get(camera) === lane);
    const shown = hit ?? before(hours, lanes, lane, time, ofLane);
    const camera = hit?.event.camera ?? lanes.names[lane];
    const isCounted = !hit && !hours.get(hourOf(time)) && !isFiltered(address.state);
    const text = isCounted ? t("timeline-many", { camera, count: ofLane(hourOf(time)) }) : camera;
    bubble.show({ time, x: pointer.x, width, mark: shown, isSoft: !hit, text, next: shown ? neighbours(hours, lanes, shown) : [] });
  }
}

/** @param {PointerEvent} event */
const placeOf = ({ pointerId, offsetX, offsetY, pointerType }) =>
  ({ id: pointerId, x: offsetX, y: offsetY, isHeader: offsetY < AXIS, isTouch: pointerType === "touch" });
