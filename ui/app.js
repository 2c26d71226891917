// The page: the newest events with their pictures, a movie at a click, and what is new as it happens (or every few
// seconds, where the live stream cannot be had). It asks the same API that everybody else can ask, by paths relative to the
// page, so it works under any prefix.
"use strict";

const $ = (id) => document.getElementById(id);
const PAGE = 60;
const REFRESH = 3000;
const SOON = 300;
const view = { camera: null, saved: false, events: new Map(), next: null, shown: "" };
const live = { stream: null, asking: new Set(), drawing: null, changed: false };

/** An element with a class and a text; text is never markup. */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** A file's path below this page, wherever it is mounted, and whatever a proxy makes of where that is. */
const local = (path) => path.match(/media\/[^/]+\/\d{4}-\d\d-\d\d\/.*/)[0];

async function ask(path) {
  const response = await fetch(path);
  if (response.status === 401) {
    location.assign("login");
    return new Promise(() => {}); // nothing more happens on this page
  }
  if (!response.ok) throw new Error(`${path.split("?")[0]}: ${response.status}`);
  return response.json();
}

function query(cursor) {
  const params = new URLSearchParams({ limit: PAGE });
  if (view.camera) params.set("camera", view.camera);
  if (view.saved) params.set("saved", "true");
  if (cursor) params.set("cursor", cursor);
  return `api/v1/events?${params}`;
}

const seconds = (event) => (new Date(event.end) - new Date(event.start)) / 1000;
const time = (event) => event.start.slice(11);

function length(event) {
  const all = Math.round(seconds(event));
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}

function size(bytes) {
  if (bytes === null) return "not measured yet";
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit++; }
  return `${bytes.toFixed(unit && bytes < 10 ? 1 : 0)} ${units[unit]}`;
}

function dayName(date) {
  const day = new Date(`${date}T12:00:00`);
  return day.toLocaleDateString(undefined, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}

function card(event) {
  const button = make("button", "event");
  button.type = "button";
  button.dataset.id = event.id;
  const frame = make("div", "frame");
  const image = make("img");
  image.loading = "lazy";
  image.alt = `${event.camera}, ${event.start.replace("T", " ")}`;
  image.src = event.thumbnail ? local(event.thumbnail) : "images/missing.jpg";
  image.addEventListener("error", () => { image.src = "images/missing.jpg"; }, { once: true });
  frame.append(image);
  if (event.state !== "complete") {
    frame.append(make("span", `badge ${event.state}`, event.state === "open" ? "recording" : "interrupted"));
  }
  if (event.saved) frame.append(make("span", "star", "★"));
  const line = make("p");
  line.append(make("span", "time", time(event)), make("span", "camera", event.camera), make("span", "length", length(event)));
  button.append(frame, line);
  button.addEventListener("click", () => play(event.id));
  return button;
}

function draw() {
  const events = [...view.events.values()].sort((a, b) => (a.start < b.start ? 1 : a.start > b.start ? -1 : a.id < b.id ? 1 : -1));
  const shown = JSON.stringify(events);
  if (shown === view.shown) return;
  view.shown = shown;
  const days = new Map();
  for (const event of events) {
    const day = event.start.slice(0, 10);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(event);
  }
  const parts = [];
  for (const [day, ofDay] of days) {
    const grid = make("div", "grid");
    grid.append(...ofDay.map(card));
    parts.push(make("h3", "", dayName(day)), grid);
  }
  $("events").replaceChildren(...(parts.length ? parts : [make("p", "empty", "No events yet.")]));
  $("more").hidden = !view.next;
}

function play(id) {
  const event = view.events.get(id);
  if (!event) return;
  $("player-title").textContent = `${event.camera}, ${event.start.replace("T", " ")}`;
  const still = () => {
    const image = make("img");
    image.src = event.thumbnail ? local(event.thumbnail) : "images/missing.jpg";
    image.alt = "";
    return image;
  };
  if (event.video && event.state !== "interrupted") {
    const video = make("video");
    video.controls = true;
    video.autoplay = true;
    video.muted = true;
    if (event.thumbnail) video.poster = local(event.thumbnail);
    video.src = local(event.video);
    $("stage").replaceChildren(video);
  } else {
    $("stage").replaceChildren(still());
  }
  const frames = event.frames === null ? "" : `${event.frames} frames, `;
  $("facts").textContent = `${length(event)}, ${frames}${size(event.bytes)}, ${event.state}${event.saved ? ", saved" : ""}`;
  for (const problem of event.problems) $("facts").append(make("br"), make("span", "bad", problem));
  $("player").showModal();
}

async function cameras() {
  const { cameras } = await ask("api/v1/cameras");
  const choice = (name, label, count) => {
    const button = make("button", "", label);
    button.type = "button";
    button.setAttribute("aria-pressed", String(view.camera === name));
    if (count !== undefined) button.append(" ", make("small", "", String(count)));
    button.addEventListener("click", () => { view.camera = name; start(); });
    return button;
  };
  const all = cameras.reduce((sum, camera) => sum + camera.events, 0);
  $("cameras").replaceChildren(choice(null, "all", all), ...cameras.map((c) => choice(c.name, c.name, c.events)));
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
  $("status").textContent = ready.ready ? "" : reasons.join("; ") + progress;
  $("status").classList.remove("bad");
}

/** The newest page again: what is in its range and not in it is gone. */
async function refresh() {
  const late = []; // what is heard while the answer is on its way is younger
  live.asking.add(late);
  try {
    const [page] = await Promise.all([ask(query()), cameras(), readiness()]);
    const oldest = page.events.length ? page.events[page.events.length - 1].start : "";
    for (const [id, event] of view.events) {
      if (!page.next || event.start > oldest) view.events.delete(id);
    }
    const isFirst = view.events.size === 0;
    for (const event of page.events) view.events.set(event.id, event);
    if (isFirst) view.next = page.next;
    for (const change of late) change();
    draw();
  } catch (error) {
    $("status").textContent = `cannot reach the service (${error.message})`;
    $("status").classList.add("bad");
  } finally {
    live.asking.delete(late);
  }
}

async function more() {
  const page = await ask(query(view.next));
  for (const event of page.events) view.events.set(event.id, event);
  view.next = page.next;
  draw();
}

function start() {
  view.events.clear();
  view.next = null;
  view.shown = "";
  return refresh();
}

$("saved").addEventListener("change", (change) => { view.saved = change.target.checked; start(); });
$("more").addEventListener("click", more);
$("close").addEventListener("click", () => $("player").close());
$("player").addEventListener("close", () => $("stage").replaceChildren());

const isLive = () => live.stream !== null && live.stream.readyState === EventSource.OPEN;

/** Applies what the stream tells; draws soon, once for all that comes together. */
function hear(change) {
  for (const late of live.asking) late.push(change);
  change();
  live.changed = true;
  live.drawing ??= setTimeout(() => { live.drawing = null; draw(); }, SOON);
}

/** An event as it is now, if it belongs to what is shown. */
function put(event) {
  const fits = (!view.camera || event.camera === view.camera) && (!view.saved || event.saved);
  const isOlder = view.next !== null && ![...view.events.values()].some((shown) => shown.start <= event.start);
  if (fits && !isOlder) view.events.set(event.id, event);
  else view.events.delete(event.id);
}

/** Follows the stream. A page that nobody looks at does not: browsers open only six connections to a host. */
function follow() {
  if (live.stream !== null && live.stream.readyState !== EventSource.CLOSED) return;
  live.stream = new EventSource("api/v1/stream");
  live.stream.addEventListener("open", refresh);
  live.stream.addEventListener("reset", start);
  for (const name of ["event-added", "event-changed"]) {
    live.stream.addEventListener(name, (message) => { const event = JSON.parse(message.data); hear(() => put(event)); });
  }
  live.stream.addEventListener("event-removed", (message) => {
    const { id } = JSON.parse(message.data);
    hear(() => view.events.delete(id));
  });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return follow();
  if (live.stream !== null) live.stream.close();
});

(async function run() {
  account().catch(() => {}); // what cannot be reached is told by the events
  await start();
  for (;;) {
    if (!document.hidden) follow();
    await new Promise((resume) => setTimeout(resume, REFRESH));
    if (document.hidden) continue;
    if (!isLive()) {
      await refresh();
    } else if (live.changed || $("status").textContent) {
      live.changed = false;
      await Promise.all([cameras(), readiness()]).catch(() => {}); // the stream says when it breaks
    }
  }
})();
