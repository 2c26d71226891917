// The page: the newest events with their pictures and movies, updated by the live stream, or by polling while the stream is not
// available, and the loose files of their days. It uses the public API with paths relative to the page, so it works under any prefix.

import { forgetDays, isDue, loadDays, looseDays, looseRange } from "./days.js";
import { $, make, place } from "./elements.js";
import { again as cardsAgain, list, onChoice, onDayChoice } from "./list.js";
import { again as picturesAgain, closePictures, leaveWhole, onClosePictures, openDay, openPictures } from "./pictures.js";
import { again as movieAgain, onClose, play, playing, stop } from "./player.js";
import { fetchJson } from "./requests.js";
import { dayName, number } from "./words.js";

const PAGE = 60;
const MAX_LIMIT = 1000; // events per request
const MAX_SHOWN = 5000; // beyond this, new events replace the oldest ones
const POLL_INTERVAL = 3000;
const DRAW_DELAY = 300;
// The selection of the user: `day` is the last day, empty for today; `room` is the number of events to show.
const wish = { camera: null, saved: false, day: "", room: PAGE };
// The newest events of the selection; `older`: whether there are older ones; `stale`: whether they must be loaded again.
// `next` is the cursor of the following page; null once the last event shown has changed.
const view = { events: new Map(), older: false, next: null, stale: true };
const cameras = { known: [], buttons: new Map() };
// `late` has the changes that arrive during a request; null without one. `lost`: the service was unreachable, so pictures may be
// missing. `notice` is the default text of the status.
const live = { stream: null, late: null, drawing: null, changed: false, lost: false, notice: "" };
const NOTICE_DURATION = 15000;

/** The parameters of the selection. */
function selection() {
  const params = new URLSearchParams();
  if (wish.camera) params.set("camera", wish.camera);
  if (wish.saved) params.set("saved", "true");
  if (wish.day) params.set("to", wish.day);
  return params;
}

/** Loads the newest events, up to `room`. */
async function newest() {
  const params = selection();
  const events = [];
  const { room } = wish;
  for (;;) {
    params.set("limit", Math.min(room - events.length, MAX_LIMIT));
    const page = await fetchJson(`api/v1/events?${params}`);
    events.push(...page.events);
    if (!page.next || events.length >= room) return { events, next: page.next };
    params.set("cursor", page.next);
  }
}

/** The order of the API: the newest first. */
function compare(a, b) {
  for (const key of ["start", "camera", "id"]) if (a[key] !== b[key]) return a[key] < b[key] ? 1 : -1;
  return 0;
}

function draw() {
  const events = [...view.events.values()].sort(compare);
  if (wish.room > PAGE) wish.room = Math.max(wish.room, Math.min(events.length, MAX_SHOWN)); // keeps the loaded events
  for (const { id } of events.splice(wish.room)) {
    view.events.delete(id);
    view.older = true;
    view.next = null;
  }
  const { shown, rest } = looseDays(oldestDay(events), view.older, wish.room);
  list(events, shown, emptyText());
  $("more").hidden = !view.older && !rest;
  $("more").textContent = view.older ? "older events" : "older days";
  drawRange();
}

/** The day of the last of these events, the newest first; empty without events. */
const oldestDay = (events) => events.at(-1)?.start.slice(0, 10) ?? "";

/** Asks for the loose files of the days that these events reach back to: of all days, if there are no older events. */
const loadDaysOf = (events, hasOlder) => loadDays(wish, hasOlder ? oldestDay(events) : "");

/** Asks for the loose files of the days that are shown, after a while. */
async function refreshDays() {
  if (!isDue()) return;
  await loadDaysOf([...view.events.values()].sort(compare), view.older);
  draw();
}

/** The text of an empty list. */
function emptyText() {
  const { camera, saved, day } = wish;
  if (!camera && !saved && !day) return "No events yet.";
  return `No ${saved ? "saved " : ""}events${camera ? ` of ${camera}` : ""}${day ? ` up to ${dayName(day)}` : ""}.`;
}

/** The button of a camera, or of all. */
function choice(name) {
  const button = make("button");
  button.type = "button";
  button.append(make("span", "", name ?? "all"), " ", make("small"));
  button.addEventListener("click", () => choose({ camera: name }));
  return button;
}

function drawCameras() {
  const count = (camera) => (wish.saved ? camera.saved : camera.events);
  const all = cameras.known.reduce((sum, camera) => sum + count(camera), 0);
  const show = (name, events) => {
    if (!cameras.buttons.has(name)) cameras.buttons.set(name, choice(name));
    const button = cameras.buttons.get(name);
    button.setAttribute("aria-pressed", wish.camera === name);
    button.lastChild.textContent = number(events);
    return button;
  };
  place($("cameras"), [show(null, all), ...cameras.known.map((camera) => show(camera.name, count(camera)))]);
}

async function loadCameras() {
  const { cameras: known, zone } = await fetchJson("api/v1/cameras");
  cameras.known = known;
  $("zone").textContent = zone ? `UTC${zone}` : "";
  $("day").title = zone ? `all times are UTC${zone}` : ""; // for narrow screens, which hide the zone
  drawCameras();
  drawRange();
}

/** The range of the days to choose from: with events, or with loose files. */
function drawRange() {
  const ofEvents = cameras.known.flatMap((camera) => [camera.first_day, camera.last_day]);
  const days = [...ofEvents, ...looseRange()].filter(Boolean).sort();
  [$("day").min, $("day").max] = [days[0] ?? "", days.at(-1) ?? ""];
}

/** Shows the user, if authentication is required. */
async function account() {
  const me = await fetchJson("api/v1/me");
  $("who").textContent = me.name;
  $("account").hidden = !me.signed_in;
  $("account").querySelector("button").hidden = !me.session;
}

async function readiness() {
  const ready = await (await fetch("readyz")).json();
  const reasons = Object.entries(ready.waiting).map(([part, why]) => why || part);
  const progress = ready.days ? ` (${ready.days_done} of ${ready.days} days)` : "";
  $("status").textContent = ready.ready ? live.notice : reasons.join("; ") + progress;
  $("status").classList.remove("bad");
}

/** Loads all events of the selection, so that no change is missed. */
async function refresh() {
  const late = (live.late = []);
  view.stale = false;
  try {
    const [{ events, next }] = await Promise.all([newest(), loadCameras(), readiness()]);
    await loadDaysOf(events, next !== null); // before drawing, so that nothing moves afterwards
    if (live.late !== late) return; // a later request replaces this one
    live.late = null;
    view.events = new Map(events.map((event) => [event.id, event]));
    [view.older, view.next] = [next !== null, next];
    $("events").ariaBusy = null;
    for (const change of late) change(); // newer than the response
    draw();
    if (live.lost) {
      live.lost = false;
      cardsAgain();
      movieAgain();
      picturesAgain();
    }
  } catch (error) {
    if (live.late !== late) return;
    live.late = null;
    if (error.refusal) return refused(error.refusal);
    view.stale = live.lost = true;
    $("status").textContent = `cannot reach the service (${error.message})`;
    $("status").classList.add("bad");
  }
}

/** Shows the reason of the service for refusing a request. */
function refused(why) {
  view.events.clear();
  forgetDays();
  [view.older, view.next, view.stale] = [false, null, false];
  $("events").ariaBusy = null;
  $("more").hidden = true;
  list([], new Map(), `There is nothing to show: ${why}.`);
}

function want(change) {
  Object.assign(wish, change);
  drawCameras();
  return refresh();
}

/** Loads a page of older events. */
async function older() {
  const room = wish.room + PAGE;
  if (live.late !== null || view.next === null) return want({ room }); // a request is running, or the last event has changed
  const late = (live.late = []);
  const params = selection();
  params.set("limit", PAGE);
  params.set("cursor", view.next);
  try {
    const page = await fetchJson(`api/v1/events?${params}`);
    await loadDaysOf(page.events, page.next !== null);
    if (live.late !== late) return; // a later request replaces this one
    live.late = null;
    wish.room = room;
    for (const event of page.events) view.events.set(event.id, event);
    [view.older, view.next] = [page.next !== null, page.next];
    for (const change of late) change();
    draw();
  } catch {
    if (live.late !== late) return;
    live.late = null;
    return want({ room }); // reports the error and retries
  }
}

/** The address of the selection, for bookmarks, links and the history. */
function address({ event, pictures } = {}) {
  const params = new URLSearchParams();
  if (wish.camera) params.set("camera", wish.camera);
  if (wish.saved) params.set("saved", "1");
  if (wish.day) params.set("day", wish.day);
  if (event) params.set("event", event);
  if (pictures) params.set("pictures", pictures);
  const search = params.toString();
  return location.pathname + (search && `?${search}`);
}

/** Whether a text is a valid date, as the API accepts it. */
function isDay(text) {
  const noon = new Date(`${text}T12:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(noon) && noon.toISOString().startsWith(text);
}

/** Reads the selection from the address; returns the id of the event to open, or the day whose loose pictures to open. */
function read() {
  const params = new URLSearchParams(location.search);
  const [day, pictures] = [params.get("day") ?? "", params.get("pictures") ?? ""];
  Object.assign(wish, {
    camera: params.get("camera") || null,
    saved: ["1", "true"].includes(params.get("saved")),
    day: isDay(day) ? day : "",
  });
  [$("saved").checked, $("day").value] = [wish.saved, wish.day];
  const event = params.get("event");
  return { event, pictures: !event && isDay(pictures) ? pictures : null };
}

/** Shows a notice for a while. */
function notify(text) {
  live.notice = $("status").textContent = text;
  setTimeout(() => { live.notice = ""; }, NOTICE_DURATION);
}

/** Opens what the address names, and closes what it does not name. */
function showNamed({ event, pictures }) {
  if (pictures) openPictures(pictures, wish.camera);
  else closePictures();
  return show(event);
}

/** Opens an event in the player; closes the player without an id. */
async function show(id) {
  if (!id) return stop();
  if (id === playing()) return;
  const known = view.events.get(id);
  try {
    const event = known ?? (await fetchJson(`api/v1/events/${id.split("/").map(encodeURIComponent).join("/")}`));
    if (new URLSearchParams(location.search).get("event") === id) play(event);
  } catch (error) {
    history.replaceState(null, "", address()); // removed, or not available now
    notify(error.refusal ? "This event is not there any more." : `cannot show the event (${error.message})`);
  }
}

onChoice((event) => {
  history.pushState({ opened: true }, "", address({ event: event.id }));
  play(event);
});
onDayChoice((day) => {
  history.pushState({ opened: true }, "", address({ pictures: day }));
  openPictures(day, wish.camera);
});
onClose(() => forget("event"));
onClosePictures(() => forget("pictures"));

/** Removes from the address what a closed dialog has shown. */
function forget(name) {
  if (!new URLSearchParams(location.search).has(name)) return; // closed by going back
  if (history.state?.opened) history.back();
  else history.replaceState(null, "", address());
}

addEventListener("popstate", () => {
  const pictures = openDay();
  // The address does not name the picture that is shown whole. Going back closes it alone.
  if (leaveWhole()) return history.pushState({ opened: true }, "", address({ pictures }));
  const before = JSON.stringify([wish.camera, wish.saved, wish.day]);
  const named = read();
  if (before !== JSON.stringify([wish.camera, wish.saved, wish.day])) restart();
  showNamed(named);
});

/** Changes the selection. */
function choose(change) {
  Object.assign(wish, change);
  history.pushState(null, "", address());
  return restart();
}

function restart() {
  $("events").ariaBusy = "true";
  scrollTo(0, 0);
  return want({ room: PAGE });
}

$("saved").addEventListener("change", () => choose({ saved: $("saved").checked }));
$("day").addEventListener("change", () => choose({ day: $("day").value }));
$("more").addEventListener("click", older);

const isLive = () => live.stream !== null && live.stream.readyState === EventSource.OPEN;

/** Applies a change from the stream; draws once for all changes of a short time. */
function applyChange(change) {
  live.late?.push(change);
  change();
  live.changed = true;
  live.drawing ??= setTimeout(() => { live.drawing = null; draw(); }, DRAW_DELAY);
}

/** Adds or replaces an event; removes it if it is not in the selection any more. */
function put(event) {
  const { camera, saved, day } = wish;
  const fits = (!camera || event.camera === camera) && (!saved || event.saved) && (!day || event.start.slice(0, 10) <= day);
  if (fits) view.events.set(event.id, event);
  else remove(event.id);
}

function remove(id) {
  if (view.events.delete(id) && view.older) view.stale = true; // an older event takes its place
}

/** Opens the stream. A hidden page has none: browsers open only six connections to a host. */
function follow() {
  if (live.stream !== null && live.stream.readyState !== EventSource.CLOSED) return;
  live.stream = new EventSource("api/v1/stream");
  live.stream.addEventListener("open", refresh);
  live.stream.addEventListener("error", () => { live.lost = true; });
  live.stream.addEventListener("reset", () => { view.stale = true; });
  for (const name of ["event-added", "event-changed"]) {
    live.stream.addEventListener(name, (message) => { const event = JSON.parse(message.data); applyChange(() => put(event)); });
  }
  live.stream.addEventListener("event-removed", (message) => {
    const { id } = JSON.parse(message.data);
    applyChange(() => remove(id));
  });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return follow();
  if (live.stream !== null) live.stream.close();
});

(async function run() {
  account().catch(() => {}); // refresh() reports an unreachable service
  const named = read();
  await refresh();
  showNamed(named);
  for (;;) {
    if (!document.hidden) follow();
    await new Promise((resume) => setTimeout(resume, POLL_INTERVAL));
    if (document.hidden) continue;
    if (!isLive() || view.stale) {
      await refresh();
    } else if (live.changed || $("status").textContent) {
      live.changed = false;
      await Promise.all([loadCameras(), readiness()]).catch(() => {}); // the stream reports errors
    }
    await refreshDays().catch(() => {});
  }
})();
