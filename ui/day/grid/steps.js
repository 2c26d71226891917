// Where an arrow leads from a card, by geometry.

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{day: string, hour: number, index: number}} Spot a card: `index` in its hour */

/** @param {Layout} layout */
const hoursOf = ({ days }) => days.flatMap(({ day, top, hours }) => hours.map((hour) => ({ day, ...hour, top: top + hour.top })));

/** The card in the row below or above, in the same column or the last one before it. @param {ReturnType<typeof hoursOf>} hours @param {number} at
 * @param {number} index @param {number} columns @param {1 | -1} way @returns {[number, number]} */
function line(hours, at, index, columns, way) {
  const { column, count, rows, top } = hours[at];
  const wanted = column + (index % columns);
  const row = Math.floor(index / columns) + way;
  if (row >= 0 && row < rows) return [at, Math.min(row * columns + wanted, count - 1)];
  let next = at;
  while (hours[next]?.top === top) next += way;
  if (!hours[next]) return [at, index];
  // Of the hours that share the row, the one that has the column.
  const band = hours[next].top;
  while (hours[next].column > wanted) next--;
  while (hours[next + 1]?.top === band && hours[next + 1].column <= wanted) next++;
  const first = way > 0 ? 0 : (hours[next].rows - 1) * columns;
  return [next, Math.min(first + wanted - hours[next].column, hours[next].count - 1)];
}

/** @param {Layout} layout @param {Spot} spot @param {string} key @param {number} columns @param {number} page rows of a screen @returns {Spot | null} */
export function step(layout, spot, key, columns, page) {
  const hours = hoursOf(layout);
  let at = hours.findIndex(({ day, hour }) => day < spot.day || (day === spot.day && hour <= spot.hour));
  if (at < 0) at = hours.length - 1;
  if (at < 0) return null;
  let index = Math.min(spot.index, hours[at].count - 1);
  const lines = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[key] ?? 0;
  for (let nth = 0; nth < Math.abs(lines); nth++) [at, index] = line(hours, at, index, columns, lines > 0 ? 1 : -1);
  if (key === "ArrowRight") [at, index] = index + 1 < hours[at].count ? [at, index + 1] : at + 1 < hours.length ? [at + 1, 0] : [at, index];
  if (key === "ArrowLeft") [at, index] = index > 0 ? [at, index - 1] : at > 0 ? [at - 1, hours[at - 1].count - 1] : [at, index];
  if (key === "Home") [at, index] = [0, 0];
  if (key === "End") [at, index] = [hours.length - 1, hours[hours.length - 1].count - 1];
  return { day: hours[at].day, hour: hours[at].hour, index };
}
