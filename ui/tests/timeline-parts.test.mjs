// The parts of the timeline that need no browser: spans and ticks, marks, gestures, and the pictures one sees while scrubbing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DAY, HOUR, MINUTE, SECOND, parse } from "../core/time.js";
import { before, nearest, neighbours } from "../day/timeline/find.js";
import { Pointers, pinch, turn, wholeDays } from "../day/timeline/gestures.js";
import { Hours, LEAST, arrange, lanesOf, pack } from "../day/timeline/marks.js";
import { LONGEST, SHORTEST, fit, pan, ticks, toTime, toX, zoom } from "../day/timeline/scale.js";
import { Pictures, tileAt, within } from "../day/timeline/scrub.js";

const DAY_VIEW = { from: parse("2026-11-20"), to: parse("2026-11-21") };

test("a place is a time", () => {
  assert.equal(toX(DAY_VIEW, 2400, DAY_VIEW.from + 6 * HOUR), 600);
  assert.equal(toTime(DAY_VIEW, 2400, 600), DAY_VIEW.from + 6 * HOUR);
  assert.deepEqual(pan(DAY_VIEW, DAY), { from: DAY_VIEW.to, to: DAY_VIEW.to + DAY });
});

test("a zoom keeps its time, and its limits", () => {
  const at = DAY_VIEW.from + 6 * HOUR;
  const near = zoom(DAY_VIEW, 0.5, at);
  assert.deepEqual(near, { from: at - 3 * HOUR, to: at + 9 * HOUR });
  const nearest = zoom(DAY_VIEW, 1e-9, at);
  assert.equal(nearest.to - nearest.from, SHORTEST);
  assert.equal(toX(nearest, 1000, at), 250);
  const farthest = zoom(DAY_VIEW, 1e9, at);
  assert.equal(farthest.to - farthest.from, LONGEST);
});

test("a view shows a part of what there is", () => {
  const bounds = { from: DAY_VIEW.from - 30 * DAY, to: DAY_VIEW.to };
  assert.deepEqual(fit(DAY_VIEW, bounds), DAY_VIEW);
  assert.ok(fit(pan(DAY_VIEW, 100 * DAY), bounds).from < bounds.to);
  assert.ok(fit(pan(DAY_VIEW, -100 * DAY), bounds).to > bounds.from);
  const week = { from: DAY_VIEW.to - 7 * DAY, to: DAY_VIEW.to };
  assert.deepEqual(fit(week, { from: DAY_VIEW.from, to: DAY_VIEW.to }), week);
});

test("whole days end with the last one", () => {
  const hour = { from: DAY_VIEW.from + HOUR, to: DAY_VIEW.from + 2 * HOUR };
  assert.deepEqual(wholeDays(hour, 1, DAY_VIEW.to), DAY_VIEW);
  assert.deepEqual(wholeDays(hour, 7, DAY_VIEW.to), { from: DAY_VIEW.to - 7 * DAY, to: DAY_VIEW.to });
  assert.deepEqual(wholeDays(hour, 7, DAY_VIEW.to + 90 * DAY), { from: DAY_VIEW.to - 4 * DAY, to: DAY_VIEW.to + 3 * DAY });
});

test("two fingers keep what is under them", () => {
  const [before, after] = [[100, 300], [200, 800]];
  const view = pinch(DAY_VIEW, 1000, before, after);
  for (const finger of [0, 1]) {
    assert.ok(Math.abs(toTime(view, 1000, after[finger]) - toTime(DAY_VIEW, 1000, before[finger])) < 1);
  }
  assert.deepEqual(pinch(DAY_VIEW, 1000, [100, 300], [200, 400]), pan(DAY_VIEW, -DAY / 10));
});

test("ticks have room, and lie on the clock", () => {
  /** @type {[number, number, number][]} */
  const cases = [
    [7 * DAY, 1280, DAY], [7 * DAY, 390, DAY], [DAY, 1280, 3 * HOUR], [DAY, 390, 6 * HOUR], [6 * HOUR, 1280, 30 * MINUTE],
    [HOUR, 1280, 5 * MINUTE], [10 * MINUTE, 1280, MINUTE], [MINUTE, 1280, 10 * SECOND], [MINUTE, 390, 30 * SECOND], [DAY, 3840, 30 * MINUTE],
  ];
  for (const [span, width, step] of cases) {
    const made = ticks({ from: DAY_VIEW.from + 1, to: DAY_VIEW.from + 1 + span }, width);
    assert.equal(made.step, step, `${span} in ${width}`);
    assert.ok(made.at.length > 0 && made.at.every((time) => time % step === 0));
  }
});

/** @param {string} camera @param {string} time @param {object} [more] @returns {any} */
const event = (camera, time, more = {}) => ({
  id: `${camera}/2026-11-20/${time.replaceAll(":", "-")}`, camera, start: `2026-11-20T${time}`, end: `2026-11-20T${time}`, state: "complete",
  saved: false, reviewed: false, peak_change: 100, ...more,
});

/** @param {any[]} events */
function hoursOf(events) {
  const source = {
    events,
    hasHour: (/** @type {string} */ hour) => hour.startsWith("2026-11-20"),
    eventsOfHour: (/** @type {string} */ hour) => source.events.filter(({ start }) => start.startsWith(hour)).sort((a, b) => (a.start < b.start ? 1 : -1)),
  };
  return { source, hours: new Hours(source) };
}

/** @param {string} camera @param {number[]} [hours] @returns {any} */
const counts = (camera, hours = Array(24).fill(1)) => ({ camera, hours });

test("lanes get thinner, then cameras share one", () => {
  const cameras = (/** @type {number} */ count) => Array.from({ length: count }, (_, nth) => `Camera${nth}`);
  assert.equal(lanesOf(cameras(1), 140).height, 28);
  assert.deepEqual([lanesOf(cameras(20), 140).height, lanesOf(cameras(20), 140).names.length], [7, 20]);
  const shared = lanesOf(cameras(20), 76);
  assert.deepEqual([shared.height, shared.names.length], [6, 12]);
  assert.equal(shared.names[0], "Camera0, Camera1");
  assert.equal(shared.of.get("Camera19"), 11);
});

test("marks are where the events are, and equal ones are one", () => {
  const lanes = lanesOf(["A", "B"], 40);
  const { hours } = hoursOf([
    event("A", "06:00:00", { end: "2026-11-20T12:00:00" }), event("B", "12:00:00"), event("B", "12:00:01", { peak_change: 10 }),
    event("B", "18:00:00", { reviewed: true, saved: true }), event("C", "18:00:00"), event("A", "23:00:00", { state: "open" }),
  ]);
  const arranged = arrange(DAY_VIEW, hours, () => [counts("A"), counts("B")], lanes, false);
  assert.deepEqual([arranged.isDense, arranged.isWhole, arranged.count], [false, true, 48]);
  const boxes = pack(arranged, DAY_VIEW, 2400, lanes, 20, DAY_VIEW.from + 23.5 * HOUR);
  assert.deepEqual(boxes.fresh.length, 8);
  assert.deepEqual([boxes.fresh[0], boxes.fresh[2]], [600, 600]);
  assert.deepEqual([boxes.fresh[4], boxes.fresh[6], boxes.fresh[7]], [1200, LEAST, 19]);
  assert.deepEqual(boxes.seen, boxes.saved);
  assert.equal(boxes.seen[0], 1800);
  assert.deepEqual([boxes.open[0], boxes.open[2]], [2300, 50]);
});

test("too many marks are a density, and what filters hide is unknown", () => {
  const lanes = lanesOf(["A"], 20);
  const view = { from: DAY_VIEW.from - HOUR, to: DAY_VIEW.from + HOUR };
  const { hours } = hoursOf([event("A", "00:10:00"), event("A", "00:20:00")]);
  const many = arrange(view, hours, () => [counts("A", Array(24).fill(9000))], lanes, false);
  assert.deepEqual([many.isDense, many.isWhole, many.hours, many.most], [true, false, [], 9000]);
  assert.deepEqual(many.blocks, [view.from, 0, 9000, DAY_VIEW.from, 0, 9000]);
  const filtered = arrange(view, hours, () => [counts("A")], lanes, true);
  assert.deepEqual([filtered.count, filtered.isWhole, filtered.blocks, filtered.unknown], [2, false, [], [view.from, 0]]);
  assert.equal(filtered.hours.length, 1);
});

test("marks stay while their hour is loaded again", () => {
  const { source, hours } = hoursOf([event("A", "10:00:00")]);
  const ten = DAY_VIEW.from + 10 * HOUR;
  assert.equal(hours.get(ten)?.marks.length, 1);
  const { hasHour } = source;
  hours.change({ days: new Set(), all: true });
  source.hasHour = () => false;
  assert.equal(hours.get(ten)?.marks.length, 1);
  source.hasHour = hasHour;
  source.events = [];
  assert.equal(hours.get(ten)?.marks.length, 0);
  source.events = [event("A", "10:30:00")];
  hours.change({ days: new Set(["2026-11-19"]), all: false });
  assert.equal(hours.get(ten)?.marks.length, 0);
  hours.change({ days: new Set(["2026-11-20"]), all: false });
  assert.equal(hours.get(ten)?.marks.length, 1);
});

test("the mark that is meant is the nearest of its lane", () => {
  const lanes = lanesOf(["A", "B"], 40);
  const { hours } = hoursOf([
    event("A", "08:00:00", { end: "2026-11-20T11:00:00" }), event("A", "10:00:00", { end: "2026-11-20T10:01:00" }), event("B", "10:02:00"),
    event("A", "12:00:00"),
  ]);
  const at = (/** @type {string} */ time) => parse(`2026-11-20T${time}`);
  const id = (/** @type {any} */ mark) => mark?.event.start.slice(11) ?? null;
  assert.equal(id(nearest(hours, lanes, 0, at("10:00:30"), 0, 0)), "10:00:00");
  assert.equal(id(nearest(hours, lanes, 0, at("10:30:00"), 0, 0)), "08:00:00");
  assert.equal(id(nearest(hours, lanes, 0, at("11:59:00"), MINUTE, 0)), "12:00:00");
  assert.equal(id(nearest(hours, lanes, 0, at("11:30:00"), MINUTE, 0)), null);
  assert.equal(id(nearest(hours, lanes, 1, at("10:01:00"), MINUTE, 0)), "10:02:00");
  assert.equal(id(before(hours, lanes, 0, at("11:30:00"), () => 1)), "10:00:00");
  assert.equal(id(before(hours, lanes, 1, at("09:30:00"), () => 1)), null);
  const mark = nearest(hours, lanes, 0, at("10:00:30"), 0, 0);
  assert.deepEqual(mark && neighbours(hours, lanes, mark).map(id), []);
});

test("the wheel zooms, and pans with shift or across", () => {
  const wheel = { deltaX: 0, deltaY: 0, deltaMode: 0, shiftKey: false, ctrlKey: false };
  assert.ok(turn({ ...wheel, deltaY: 100 }).factor > 1.1);
  assert.ok(turn({ ...wheel, deltaY: -100 }).factor < 0.9);
  assert.equal(turn({ ...wheel, deltaY: -3, deltaMode: 1 }).factor, Math.exp(-48 / 500));
  assert.deepEqual(turn({ ...wheel, deltaY: 100, shiftKey: true }), { pan: 100, factor: 1 });
  assert.deepEqual(turn({ ...wheel, deltaX: 30, deltaY: 4 }), { pan: 30, factor: 1 });
  assert.ok(turn({ ...wheel, deltaY: -3, ctrlKey: true }).factor < 0.97);
});

test("pointers scrub, pan, pinch and click", () => {
  const pointers = new Pointers();
  const at = (/** @type {number} */ x, /** @type {object} */ more = {}) => ({ id: 1, x, y: 50, ...more });
  assert.equal(pointers.move(at(5))?.kind, "hover");
  pointers.down(at(10));
  assert.equal(pointers.move(at(12)), null);
  assert.equal(pointers.up(at(12))?.kind, "click");
  pointers.down(at(10));
  assert.equal(pointers.move(at(20))?.kind, "scrub");
  assert.equal(pointers.up(at(30))?.kind, "drop");
  pointers.down(at(10, { isHeader: true }));
  assert.deepEqual([pointers.move(at(20)), pointers.move(at(25)), pointers.up(at(25))], [{ kind: "pan", dx: 10 }, { kind: "pan", dx: 5 }, null]);
  pointers.down(at(10, { isTouch: true }));
  pointers.down(at(100, { id: 2, isTouch: true }));
  assert.deepEqual(pointers.move(at(110, { id: 2 })), { kind: "pinch", before: [10, 100], after: [10, 110] });
  assert.deepEqual([pointers.up(at(110, { id: 2 })), pointers.move(at(60)), pointers.up(at(60)), pointers.isDown], [null, null, null, false]);
  pointers.down(at(10, { isTouch: true }));
  pointers.cancel(1);
  assert.equal(pointers.up(at(10)), null);
});

test("pictures: two at a time, none that nobody wants", async () => {
  /** @type {Record<string, (made: any) => void>} */
  const flying = {};
  /** @type {string[]} */
  const aborted = [];
  const wanted = (/** @type {string[]} */ ...keys) => keys.map((key) => ({
    key,
    load: (/** @type {AbortSignal} */ signal) => new Promise((done) => {
      flying[key] = done;
      signal.addEventListener("abort", () => { aborted.push(key); done(null); });
    }),
  }));
  let arrived = 0;
  const pictures = new Pictures(() => { arrived++; }, 25);
  const settle = () => new Promise((done) => setImmediate(done));
  pictures.want(wanted("a", "b", "c"));
  assert.deepEqual(Object.keys(flying), ["a", "b"]);
  flying.a({ bytes: 10 });
  await settle();
  assert.deepEqual([Object.keys(flying), arrived, pictures.get("a")], [["a", "b", "c"], 1, { bytes: 10 }]);
  pictures.want(wanted("d", "a"));
  await settle();
  assert.deepEqual([aborted, pictures.get("b"), Object.keys(flying)], [["b", "c"], undefined, ["a", "b", "c", "d"]]);
  flying.d({ bytes: 10 });
  await settle();
  pictures.get("a");
  pictures.want(wanted("e"));
  flying.e({ bytes: 10 });
  await settle();
  assert.deepEqual([pictures.get("a"), pictures.get("d"), pictures.get("e")], [{ bytes: 10 }, undefined, { bytes: 10 }]);
});

test("a picture that is being made is asked for again, one that cannot be made is not", async () => {
  let asked = 0;
  /** @type {(what: string) => void} */
  let arrived = () => {};
  const arrival = new Promise((done) => { arrived = () => done(undefined); });
  const pictures = new Pictures(() => arrived(""));
  pictures.want([{ key: "a", load: async () => (++asked < 2 ? "later" : null) }]);
  await arrival;
  assert.deepEqual([asked, pictures.get("a")], [2, null]);
  pictures.want([{ key: "a", load: async () => { asked++; return null; } }]);
  assert.equal(asked, 2);
});

test("tiles are found by time, and are shown whole", () => {
  const index = { tile_width: 160, tile_height: 90, columns: 10, times: [0, 1, 2.5, ...Array.from({ length: 9 }, (_, nth) => nth + 3)] };
  assert.deepEqual(tileAt(index, 2.4), { tile: 1, x: 160, y: 0, w: 160, h: 90 });
  assert.deepEqual(tileAt(index, 99), { tile: 11, x: 160, y: 90, w: 160, h: 90 });
  assert.equal(tileAt(index, -3).tile, 0);
  assert.deepEqual(within(400, 300, 640, 360), [80, 0, 480, 360]);
});
