// The dialog with the pictures of a day that belong to no event: a grid of those of one camera, a page at a time, since there may
// be thousands. `whole.js` shows one of them whole. The address and the history are left to `app.js`.

import { $, isShowable, local, make } from "./elements.js";
import { fetchJson } from "./requests.js";
import { again as wholeAgain, closeWhole, isWhole, onLeave, showWhole } from "./whole.js";
import { counted, dayName, number } from "./words.js";

const PAGE = 200; // pictures in the document at a time
const CLOSED = { day: null, only: null, days: [], camera: null, pictures: [], page: 0, failed: false };
// `only` is the camera that the page is restricted to; `days` has the day's sums of each camera, `pictures` what `camera` has.
const state = { ...CLOSED, loading: null };
let closed = () => {};

export function onClosePictures(then) {
  closed = then;
}

/** Shows the pictures of a day, of one camera or of all. */
export function openPictures(day, only) {
  if (state.day === day && state.only === only) return;
  Object.assign(state, CLOSED, { day, only });
  $("pictures-title").textContent = `Without an event: ${dayName(day)}`;
  $("pictures-cameras").replaceChildren();
  drawPage(0);
  if (!$("pictures").open) $("pictures").showModal();
  $("pictures").focus(); // otherwise the focus is on the close button
  load(null);
}

/** The day in the dialog; null if it is closed. */
export const openDay = () => state.day;

/** Closes the picture that is shown whole; returns whether there was one. */
export function leaveWhole() {
  const was = isWhole();
  closeWhole();
  return was;
}

export function closePictures() {
  closeWhole();
  if ($("pictures").open) $("pictures").close();
}

/** Loads what failed again, when the service is reachable again. */
export function again() {
  if (state.day === null) return;
  if (state.failed) return load(state.camera);
  for (const tile of $("tiles").children) if (tile.classList.contains("failed")) fill(tile);
  wholeAgain();
}

/** Loads the pictures of a camera, or of the first that has some. */
async function load(camera) {
  const loading = (state.loading = {});
  const { day, only } = state;
  $("tiles").ariaBusy = "true";
  note("loading …");
  try {
    const params = new URLSearchParams({ from: day, to: day });
    if (only) params.set("camera", only);
    const days = (await fetchJson(`api/v1/days?${params}`)).days.filter(({ loose }) => loose > 0);
    const found = (days.find((sums) => sums.camera === camera) ?? days[0])?.camera ?? null;
    const path = `api/v1/days/${encodeURIComponent(found)}/${day}/pictures`;
    const { pictures } = found === null ? CLOSED : await fetchJson(path);
    if (state.loading !== loading) return; // a later request replaces this one
    Object.assign(state, { days, camera: found, pictures, failed: false });
    drawCameras();
    drawPage(0);
    note(told());
  } catch (error) {
    if (state.loading !== loading) return;
    Object.assign(state, { camera, pictures: [], failed: !error.refusal });
    drawPage(0);
    note(error.refusal ? `There is nothing to show: ${error.refusal}.` : `cannot load the pictures (${error.message})`, "bad");
  }
  $("tiles").ariaBusy = null;
}

function note(text, className = "") {
  [$("pictures-note").textContent, $("pictures-note").className] = [text, className];
}

/** What the camera has: pictures, and files that are none, such as timelapses. */
function told() {
  const { camera, days, pictures } = state;
  if (camera === null) return "Every file of this day belongs to an event.";
  const others = days.find((sums) => sums.camera === camera).loose - pictures.length;
  const known = [pictures.length ? counted(pictures.length, "picture") : "no pictures"];
  if (others > 0) known.push(counted(others, "other file"));
  return `${camera}: ${known.join(", ")}`;
}

/** A button for each camera, if there are several. */
function drawCameras() {
  const button = ({ camera, loose }) => {
    const button = make("button", "", camera);
    button.type = "button";
    button.setAttribute("aria-pressed", camera === state.camera);
    button.append(" ", make("small", "", number(loose)));
    button.addEventListener("click", () => load(camera));
    return button;
  };
  const had = [...$("pictures-cameras").children].indexOf(document.activeElement);
  $("pictures-cameras").replaceChildren(...(state.days.length > 1 ? state.days.map(button) : []));
  $("pictures-cameras").children[had]?.focus();
}

function drawPage(page) {
  state.page = page;
  const { pictures } = state;
  const start = page * PAGE;
  $("tiles").replaceChildren(...pictures.slice(start, start + PAGE).map((picture, at) => tile(picture, start + at)));
  $("pictures").scrollTop = 0;
  const pages = Math.ceil(pictures.length / PAGE);
  $("pages").hidden = pages < 2;
  if ($("page").length !== pages || page === 0) $("page").replaceChildren(...Array.from({ length: pages }, (_, at) => option(at)));
  $("page").value = page;
  [$("earlier").disabled, $("later").disabled] = [page === 0, page >= pages - 1];
}

/** A page to choose, by its first picture. */
function option(page) {
  const option = make("option", "", `from ${state.pictures[page * PAGE].name}`);
  option.value = page;
  return option;
}

/** A link to a picture, which opens it in the dialog. */
function tile(picture, at) {
  const tile = make("a", "tile");
  tile.href = local(picture.url);
  const [frame, image, blank] = [make("span", "frame"), make("img"), make("span", "blank", "This cannot be shown.")];
  image.loading = "lazy";
  image.alt = `${state.camera}, ${picture.name}`;
  image.addEventListener("error", () => mark(tile, true));
  frame.append(image, blank);
  tile.append(frame, make("span", "name", picture.name));
  if (isShowable(picture.name)) fill(tile);
  else mark(tile, true);
  tile.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return; // opens another tab
    click.preventDefault();
    showWhole(state.camera, state.pictures, at);
  });
  return tile;
}

/** Loads the picture of a tile. */
function fill(tile) {
  mark(tile, false);
  tile.querySelector("img").src = tile.getAttribute("href");
}

function mark(tile, failed) {
  tile.classList.toggle("failed", failed);
  [tile.querySelector("img").hidden, tile.querySelector(".blank").hidden] = [failed, !failed];
}

/** Goes to another page with a button or the list of pages. */
function turn(page) {
  drawPage(page);
  if (document.activeElement?.disabled || document.activeElement === document.body) $("page").focus();
}

$("earlier").addEventListener("click", () => turn(state.page - 1));
$("later").addEventListener("click", () => turn(state.page + 1));
$("page").addEventListener("change", () => turn(Number($("page").value)));
$("pictures-close").addEventListener("click", () => $("pictures").close());
$("pictures").addEventListener("close", () => {
  Object.assign(state, CLOSED, { loading: null });
  drawPage(0);
  closed();
});
// The focus goes to the picture that was seen last, which may be on another page.
onLeave((at) => {
  if (state.day === null) return;
  const page = Math.floor(at / PAGE);
  if (page !== state.page) drawPage(page);
  $("tiles").children[at - page * PAGE]?.focus();
});
