// The dialog that shows one of a list of pictures whole, and steps to the previous and the next.

import { $, isShowable, local, make } from "./elements.js";
import { statusOf } from "./requests.js";
import { number, size } from "./words.js";

const state = { camera: null, pictures: [], at: 0, isUnreachable: false };
let left = () => {}; // called with the index of the picture that was shown last

export function onLeave(then) {
  left = then;
}

export const isWhole = () => $("whole").open;

export function closeWhole() {
  if (isWhole()) $("whole").close();
}

/** Shows the picture at this index of a camera's pictures. */
export function showWhole(camera, pictures, at) {
  Object.assign(state, { camera, pictures, at });
  if (!isWhole()) $("whole").showModal();
  $("whole").focus(); // otherwise the focus is on the close button
  draw();
}

/** Loads the picture again, when the service is reachable again. */
export function again() {
  if (isWhole() && state.isUnreachable) draw();
}

function draw() {
  const { camera, pictures, at } = state;
  const picture = pictures[at];
  state.isUnreachable = false;
  $("whole-title").textContent = `${camera}, ${picture.name}`;
  $("whole-facts").textContent = `${number(at + 1)} of ${number(pictures.length)}, ${size(picture.bytes)}`;
  [$("previous").disabled, $("next").disabled] = [at === 0, at === pictures.length - 1];
  if (document.activeElement?.disabled || document.activeElement === document.body) $("whole").focus();
  $("file").href = local(picture.url);
  if (isShowable(picture.name)) load(picture);
  else tell("Browsers cannot show pictures of this kind.");
}

function load(picture) {
  const image = make("img");
  image.alt = $("whole-title").textContent;
  image.addEventListener("error", async () => {
    const status = await statusOf(image.src);
    if (!image.isConnected) return; // another picture is shown
    state.isUnreachable = status === null || status >= 500;
    tell(why(status));
  });
  image.src = local(picture.url);
  $("whole-stage").replaceChildren(image);
}

function tell(text) {
  $("whole-stage").replaceChildren(make("p", "", text));
}

/** The reason why a picture is not shown. */
function why(status) {
  if (status === null) return "The service cannot be reached. The picture is loaded when it can.";
  if (status === 404) return "The picture is not there any more.";
  if (status >= 400) return `The service does not send the picture (${status}).`;
  return "This browser cannot show the picture.";
}

function step(by) {
  if (state.pictures[state.at + by] === undefined) return;
  state.at += by;
  draw();
}

$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("whole-close").addEventListener("click", () => $("whole").close());
$("whole").addEventListener("keydown", (key) => {
  if (key.altKey || key.ctrlKey || key.metaKey) return; // keys of the browser
  if (key.key === "ArrowLeft") step(-1);
  else if (key.key === "ArrowRight") step(1);
});
$("whole").addEventListener("close", () => {
  $("whole-stage").replaceChildren();
  left(state.at);
});
