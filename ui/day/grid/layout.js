// Where everything of the list is: days, hours and rows of cards, from the counts alone. Small hours that follow each other share a row, each
// below its own heading. Only numbers, no elements.

/** @typedef {{day: string, hours: number[], from?: number}} Day a day with the number of cards of each of its 24 hours. Newer hours
 * may be added to those after the hour `from`, older ones to those before it (default: 24) */
/** @typedef {{columns: number, card: number, row: number, gap: number, dayHead: number, hourHead: number, side: number}} Sizes in pixels; `row` has its gap */
/** @typedef {{hour: number, count: number, column: number, rows: number, top: number, height: number}} HourBlock `top` is that within the day; `column` that of the
 * first card. The blocks of hours that share a row have the same top */
/** @typedef {{day: string, count: number, top: number, height: number, hours: HourBlock[]}} DayBlock */
/** @typedef {{days: DayBlock[], height: number}} Layout the newest first */
/** @typedef {{day: string, hour: number, index: number, offset: number}} Place a card (`index` in its hour; -1: the heading of a day without), and how far
 * below a line its top is */

const CAPTION = 26; // the line below a picture
const SPACE = 12; // below a day
/** Chromium cuts documents at 33,554,432 pixels. */
export const MOST = 12_000_000;

/** The sizes for a width: as many columns as fit. @param {number} width @returns {Sizes} */
export function sizesFor(width) {
  const isNarrow = width < 560;
  const [side, gap] = isNarrow ? [10, 8] : [16, 12];
  const least = isNarrow ? 138 : width > 2400 ? 300 : 212;
  const inner = Math.max(least, width - 2 * side);
  const columns = Math.max(1, Math.floor((inner + gap) / (least + gap)));
  const card = (inner - (columns - 1) * gap) / columns;
  return { columns, card, row: Math.round((card * 9) / 16) + CAPTION * (isNarrow ? 2 : 1) + gap, gap, side, dayHead: 48, hourHead: 32 };
}

/** The width of the thumbnail to ask for. @param {number} card @param {number} density pixels of the screen for each of CSS */
export function pictureWidth(card, density) {
  const wanted = card * Math.min(density, 2) * 0.85;
  return [160, 240, 320].find((width) => width >= wanted) ?? 640;
}

/** Puts hours together as long as their cards fit into a row. @param {number[]} order @param {number[]} counts by hour @param {number} columns */
function pack(order, counts, columns) {
  /** @type {number[][]} */
  const bands = [];
  let room = 0;
  for (const hour of order) {
    const isNew = counts[hour] > room;
    if (isNew) bands.push([hour]);
    else bands[bands.length - 1].push(hour);
    room = (isNew ? columns : room) - counts[hour];
  }
  return bands;
}

/** The hours of a day by row, the newest first. An hour that is added leaves all rows as they are but the one at this end. @param {Day} day @param {number} columns */
function bandsOf({ hours, from = 24 }, columns) {
  const known = [...hours.keys()].filter((hour) => hours[hour]);
  const newer = pack(known.filter((hour) => hour > from), hours, columns);
  const older = pack(known.filter((hour) => hour < from).reverse(), hours, columns);
  return [...newer.reverse().map((band) => band.reverse()), ...(hours[from] ? [[from]] : []), ...older];
}

/** @param {Day} day @param {number} top @param {Sizes} sizes @returns {DayBlock} */
function layOutDay(day, top, { columns, row, dayHead, hourHead }) {
  const { hours } = day;
  /** @type {HourBlock[]} */
  const blocks = [];
  let bottom = dayHead;
  for (const band of bandsOf(day, columns)) {
    const rows = Math.ceil(hours[band[0]] / columns);
    const height = hourHead + rows * row;
    let column = 0;
    for (const hour of band) {
      blocks.push({ hour, count: hours[hour], column, rows, top: bottom, height });
      column += hours[hour];
    }
    bottom += height;
  }
  return { day: day.day, count: hours.reduce((sum, count) => sum + count, 0), top, height: bottom + SPACE, hours: blocks };
}

/** @param {Day[]} days the newest first @param {Sizes} sizes @returns {Layout} */
export function layOut(days, sizes) {
  let height = 0;
  const blocks = days.map((day) => {
    const block = layOutDay(day, height, sizes);
    height += block.height;
    return block;
  });
  return { days: blocks, height };
}

/** The days around one of them that take no more than so many pixels before and after it. @param {Day[]} days @param {string} center @param {Sizes} sizes */
export function cut(days, center, sizes, most = MOST) {
  const { days: blocks, height } = layOut(days, sizes);
  if (height <= most) return days;
  const found = blocks.findIndex(({ day }) => day <= center);
  const at = found < 0 ? blocks.length - 1 : found;
  const middle = blocks[at];
  return days.filter((_, nth) => {
    const { top, height } = blocks[nth];
    return Math.abs(nth - at) <= 1 || (top >= middle.top - most / 2 && top + height <= middle.top + middle.height + most / 2);
  });
}

/** The first index whose block ends below a line. @template {{top: number, height: number}} T @param {T[]} blocks @param {number} y */
function firstBelow(blocks, y) {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle].top + blocks[middle].height <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The blocks that meet a span. @template {{top: number, height: number}} T @param {T[]} blocks @param {number} from @param {number} to @returns {T[]} */
export function within(blocks, from, to) {
  const found = [];
  for (let nth = firstBelow(blocks, from); nth < blocks.length && blocks[nth].top < to; nth++) found.push(blocks[nth]);
  return found;
}

/** The rows of an hour that meet a span, by the first and the one after the last. @param {HourBlock} hour @param {number} from within the day
 * @param {number} to @param {Sizes} sizes @returns {[number, number]} */
export function rowsWithin(hour, from, to, { row, hourHead }) {
  const top = hour.top + hourHead;
  const first = Math.min(hour.rows, Math.max(0, Math.floor((from - top) / row)));
  return [first, Math.max(first, Math.min(hour.rows, Math.ceil((to - top) / row)))];
}

/** What is at a line: the first card whose row ends below it. @param {Layout} layout @param {number} y @param {Sizes} sizes @returns {Place | null} */
export function placeAt({ days }, y, { columns, row, hourHead }) {
  const day = days[Math.min(firstBelow(days, y), days.length - 1)];
  if (!day) return null;
  const within = y - day.top;
  const hour = day.hours[firstBelow(day.hours, within)] ?? day.hours.at(-1);
  if (!hour) return { day: day.day, hour: 0, index: -1, offset: day.top - y };
  const line = Math.min(hour.rows - 1, Math.max(0, Math.floor((within - hour.top - hourHead) / row)));
  return { day: day.day, hour: hour.hour, index: line * columns, offset: hour.top + hourHead + line * row - within };
}

/** Where the row of a card begins; null if its hour is not there. @param {Layout} layout @param {string} day @param {number} hour @param {number} index
 * @param {Sizes} sizes */
export function topOf({ days }, day, hour, index, { columns, row, hourHead }) {
  const block = days.find((block) => block.day === day);
  if (!block || index < 0) return block ? block.top : null;
  const found = block.hours.find((block) => block.hour === hour);
  return found ? block.top + found.top + hourHead + Math.floor(Math.min(index, found.count - 1) / columns) * row : null;
}

/** The top of the newest hour at or before a moment; the end of the layout without one. @param {Layout} layout @param {string} day @param {number} hour */
export function hourBefore({ days }, day, hour) {
  for (const block of days) {
    if (block.day > day) continue;
    const found = block.hours.find((candidate) => block.day < day || candidate.hour <= hour);
    if (found) return { day: block.day, hour: found.hour };
  }
  return null;
}
