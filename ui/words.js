// Formats of numbers and times.

export const number = (count) => count.toLocaleString();

/** A number of things, whose plural has an "s". */
export const counted = (count, thing) => `${number(count)} ${thing}${count === 1 ? "" : "s"}`;

/** The start of an event. */
export const when = (event) => event.start.replace("T", " ");

/** The duration by the camera's clock. Its times have no zone; they are parsed as UTC, so that a change to summer time in the
 * browser's zone does not count. */
export function length(event) {
  const all = Math.max(0, Math.round((new Date(`${event.end}Z`) - new Date(`${event.start}Z`)) / 1000));
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}

export function size(bytes) {
  if (bytes === null) return "not measured yet";
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit++; }
  return `${bytes.toFixed(unit && bytes < 10 ? 1 : 0)} ${units[unit]}`;
}

export function dayName(date) {
  const day = new Date(`${date}T12:00:00`);
  return day.toLocaleDateString(undefined, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}
