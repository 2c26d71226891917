// The page: the newest events with their pictures, a movie at a click, and what is new as it happens (or every few
// seconds, where the live stream cannot be had). It asks the same API that everybody else can ask, by paths relative to the
// page, so it works under any prefix.

import { $, make, place } from "./elements.js";
import { again as picturesAgain, list, onChoice } from "./list.js";
import { again as movieAgain, onClose, play, playing, stop } from "./player.js";
import { dayName, number } from "./words.js";

const PAGE = 60;
const MOST = 1000; // of one question
const MOST_SHOWN = 5000; // new events push out the oldest beyond this, however many were asked for
const REFRESH = 3000;
const SOON = 300;
// What the user wants to see: up to which day, if not up to now; `room` is for how many events.
const wish = { camera: null, saved: false, day: "", room: PAGE };
// The newest events of that; whether there are older ones; whether they must be asked for again.
// `next` is the cursor of the page after them, while it is that of the last one shown.
const view = { events: new Map(), older: false, next: null, stale: true };
const cameras = { known: [], buttons: new Map() };
// `late` is what was heard since the last question was asked, until its answer is there.
// `lost`: the service could not be reached, and pictures may be missing. `notice` stands in the status while nothing else does.
const live = { stream: null, late: null, drawing: null, changed: false, lost: false, notice: "" };
const NOTICE = 15000;

async function ask(path) {
  const response = await fetch(path);
  if (response.status === 401) {
    location.assign(`login${location.search ? `?next=${encodeURIComponent(`/${location.search}`)}` : ""}`);
    return new Promise(() => {}); // nothing more happens on this page
  }
  if (response.ok) return response.json();
  const error = new Error(`${path.split("?")[0]}: ${response.status}`);
  // What was asked for cannot be: the address of the page was typed, or is of another time.
  if (response.status < 500) error.refusal = (await response.json().catch(() => null))?.detail ?? error.message;
  throw error;
}

/** The question for the events that the user wants to see. */
function question() {
  const params = new URLSearchParams();
  if (wish.camera) params.set("camera", wish.camera);
  if (wish.saved) params.set("saved", "true");
  if (wish.day) params.set("to", wish.day);
  return params;
}

/** The newest of them, as many as there is room for. */
async function newest() {
  const params = question();
  const events = [];
  const { room } = wish;
  for (;;) {
    params.set("limit", Math.min(room - events.length, MOST));
    const page = await ask(`api/v1/events?${params}`);
    events.push(...page.events);
    if (!page.next || events.length >= room) return { events, next: page.next };
    params.set("cursor", page.next);
  }
}

/** The newest first; the order of the API. */
function compare(a, b) {
  for (const key of ["start", "camera", "id"]) if (a[key] !== b[key]) return a[key] < b[key] ? 1 : -1;
  return 0;
}

function draw() {
  const events = [...view.events.values()].sort(compare);
  if (wish.room > PAGE) wish.room = Math.max(wish.room, Math.min(events.length, MOST_SHOWN)); // what was asked for stays
  for (const { id } of events.splice(wish.room)) {
    view.events.delete(id);
    view.older = true;
    view.next = null;
  }
  list(events, nothing());
  $("more").hidden = !view.older;
}

/** What to say where there are no events. */
function nothing() {
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

async function askCameras() {
  const { cameras: known, zone } = await ask("api/v1/cameras");
  cameras.known = known;
  $("zone").textContent = zone ? `UTC${zone}` : "";
  $("day").title = zone ? `all times are UTC${zone}` : ""; // where there is no room for the other
  drawCameras();
  const days = cameras.known.flatMap((camera) => [camera.first_day, camera.last_day]).filter(Boolean).sort();
  [$("day").min, $("day").max] = [days[0] ?? "", days.at(-1) ?? ""];
}

/** Who is signed in, if anybody has to be. */
async function account() {
  const me = await ask("api/v1/me");
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

/** Asks for all that is shown, so that nothing is missing between what is new and what was there. */
async function refresh() {
  const late = (live.late = []);
  view.stale = false;
  try {
    const [{ events, next }] = await Promise.all([newest(), askCameras(), readiness()]);
    if (live.late !== late) return; // something was asked since, and its answer counts
    live.late = null;
    view.events = new Map(events.map((event) => [event.id, event]));
    [view.older, view.next] = [next !== null, next];
    $("events").ariaBusy = null;
    for (const change of late) change(); // it is younger than the answer
    draw();
    if (live.lost) {
      live.lost = false;
      picturesAgain();
      movieAgain();
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

/** Shows why there are no events where the service refuses the question. */
function refused(why) {
  view.events.clear();
  [view.older, view.next, view.stale] = [false, null, false];
  $("events").ariaBusy = null;
  $("more").hidden = true;
  list([], `There is nothing to show: ${why}.`);
}

function want(change) {
  Object.assign(wish, change);
  drawCameras();
  return refresh();
}

/** One more page of older events. */
async function older() {
  const room = wish.room + PAGE;
  if (live.late !== null || view.next === null) return want({ room }); // an answer is on its way, or the end has moved
  const late = (live.late = []);
  const params = question();
  params.set("limit", PAGE);
  params.set("cursor", view.next);
  try {
    const page = await ask(`api/v1/events?${params}`);
    if (live.late !== late) return; // something was asked since
    live.late = null;
    wish.room = room;
    for (const event of page.events) view.events.set(event.id, event);
    [view.older, view.next] = [page.next !== null, page.next];
    for (const change of late) change();
    draw();
  } catch {
    if (live.late !== late) return;
    live.late = null;
    return want({ room }); // which says what is wrong, and tries again
  }
}

/** The address of what is shown: it can be kept, sent, and gone back to. */
function address(event) {
  const params = new URLSearchParams();
  if (wish.camera) params.set("camera", wish.camera);
  if (wish.saved) params.set("saved", "1");
  if (wish.day) params.set("day", wish.day);
  if (event) params.set("event", event);
  const search = params.toString();
  return location.pathname + (search && `?${search}`);
}

/** Whether a text is a day of the calendar, as the API takes it. */
function isDay(text) {
  const noon = new Date(`${text}T12:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(noon) && noon.toISOString().startsWith(text);
}

/** Takes what is wished for from the address. */
function read() {
  const params = new URLSearchParams(location.search);
  const day = params.get("day") ?? "";
  Object.assign(wish, {
    camera: params.get("camera") || null,
    saved: ["1", "true"].includes(params.get("saved")),
    day: isDay(day) ? day : "",
  });
  [$("saved").checked, $("day").value] = [wish.saved, wish.day];
  return params.get("event");
}

/** Says something for a while. */
function notify(text) {
  live.notice = $("status").textContent = text;
  setTimeout(() => { live.notice = ""; }, NOTICE);
}

/** Opens the event of this id in the player, or closes that. */
async function show(id) {
  if (!id) return stop();
  if (id === playing()) return;
  const known = view.events.get(id);
  try {
    const event = known ?? (await ask(`api/v1/events/${id.split("/").map(encodeURIComponent).join("/")}`));
    if (new URLSearchParams(location.search).get("event") === id) play(event);
  } catch (error) {
    history.replaceState(null, "", address(null)); // it is gone, or cannot be had now
    notify(error.refusal ? "This event is not there any more." : `cannot show the event (${error.message})`);
  }
}

onChoice((event) => {
  history.pushState({ opened: true }, "", address(event.id));
  play(event);
});
onClose(() => {
  if (!new URLSearchParams(location.search).has("event")) return; // by going back
  if (history.state?.opened) history.back();
  else history.replaceState(null, "", address(null));
});
addEventListener("popstate", () => {
  const before = JSON.stringify([wish.camera, wish.saved, wish.day]);
  const event = read();
  if (before !== JSON.stringify([wish.camera, wish.saved, wish.day])) restart();
  show(event);
});

/** Something else, from its beginning. */
function choose(change) {
  Object.assign(wish, change);
  history.pushState(null, "", address(null));
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

/** Applies what the stream tells; draws soon, once for all that comes together. */
function hear(change) {
  live.late?.push(change);
  change();
  live.changed = true;
  live.drawing ??= setTimeout(() => { live.drawing = null; draw(); }, SOON);
}

/** An event as it is now, if it belongs to what is shown. */
function put(event) {
  const { camera, saved, day } = wish;
  const fits = (!camera || event.camera === camera) && (!saved || event.saved) && (!day || event.start.slice(0, 10) <= day);
  if (fits) view.events.set(event.id, event);
  else remove(event.id);
}

function remove(id) {
  if (view.events.delete(id) && view.older) view.stale = true; // an older one has its place
}

/** Follows the stream. A page that nobody looks at does not: browsers open only six connections to a host. */
function follow() {
  if (live.stream !== null && live.stream.readyState !== EventSource.CLOSED) return;
  live.stream = new EventSource("api/v1/stream");
  live.stream.addEventListener("open", refresh);
  live.stream.addEventListener("error", () => { live.lost = true; });
  live.stream.addEventListener("reset", () => { view.stale = true; });
  for (const name of ["event-added", "event-changed"]) {
    live.stream.addEventListener(name, (message) => { const event = JSON.parse(message.data); hear(() => put(event)); });
  }
  live.stream.addEventListener("event-removed", (message) => {
    const { id } = JSON.parse(message.data);
    hear(() => remove(id));
  });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return follow();
  if (live.stream !== null) live.stream.close();
});

(async function run() {
  account().catch(() => {}); // what cannot be reached is told by the events
  const event = read();
  await refresh();
  show(event);
  for (;;) {
    if (!document.hidden) follow();
    await new Promise((resume) => setTimeout(resume, REFRESH));
    if (document.hidden) continue;
    if (!isLive() || view.stale) {
      await refresh();
    } else if (live.changed || $("status").textContent) {
      live.changed = false;
      await Promise.all([askCameras(), readiness()]).catch(() => {}); // the stream says when it breaks
    }
  }
})();
