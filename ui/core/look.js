// What all components look like: a style sheet that each takes into its shadow root, before its own.

import { css } from "../vendor/lit.js";

export const look = css`
  :host { box-sizing: border-box; }
  :host([hidden]), [hidden] { display: none !important; }
  *, *::before, *::after { box-sizing: border-box; }
  button, input, select { font: inherit; color: inherit; }
  button, .button {
    display: inline-flex; align-items: center; justify-content: center; gap: .4rem; min-height: 2.25rem; padding: .2rem .8rem;
    background: var(--card); border: 1px solid var(--edge); border-radius: var(--round); color: inherit; text-decoration: none;
    cursor: pointer; white-space: nowrap;
  }
  button:hover, .button:hover { border-color: var(--mark); }
  button:disabled { opacity: .5; cursor: default; }
  button.plain { background: none; border-color: transparent; }
  button.strong { background: var(--mark); border-color: var(--mark); color: var(--on-mark); }
  button[aria-pressed="true"], [aria-current="page"] { border-color: var(--mark); color: var(--mark); }
  input, select { min-height: 2.25rem; padding: .2rem .5rem; background: var(--card); border: 1px solid var(--edge); border-radius: var(--round); }
  input[type="checkbox"], input[type="radio"], input[type="range"] { min-height: 0; padding: 0; accent-color: var(--mark); }
  :focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
  h1, h2, h3, p { margin: 0; }
  h2 { font-size: 1.1rem; }
  h3 { font-size: 1rem; }
  .soft { color: var(--soft); }
  .bad { color: var(--bad); }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  @media (pointer: coarse) {
    button, .button, input:not([type="checkbox"], [type="radio"]), select { min-height: 44px; min-width: 44px; }
  }
`;

/** The icons, as paths of a picture of 24 × 24. */
export const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  star: "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8L3.6 9.7l5.8-.8z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  play: "M8 5l11 7-11 7z",
  through: "M4 6l7 6-7 6zM12 6l7 6-7 6z",
  pause: "M8 5v14M16 5v14",
  filter: "M4 6h16M7 12h10M10 18h4",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  day: "M4 6h16v4H4zM4 14h10v4H4z",
  calendar: "M5 6h14v14H5zM5 10h14M9 3v4M15 3v4",
  live: "M12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M6.5 17.5a8 8 0 0 1 0-11M17.5 6.5a8 8 0 0 1 0 11",
  storage: "M5 6c0-1.5 3-2.5 7-2.5s7 1 7 2.5-3 2.5-7 2.5-7-1-7-2.5zM5 6v12c0 1.5 3 2.5 7 2.5s7-1 7-2.5V6M5 12c0 1.5 3 2.5 7 2.5s7-1 7-2.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  sound: "M4 10v4h4l5 4V6l-5 4zM16.5 9a4 4 0 0 1 0 6",
  muted: "M4 10v4h4l5 4V6l-5 4zM16 10l5 5M21 10l-5 5",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  zoom: "M10.5 10.5m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0M15 15l5 5M8 10.5h5M10.5 8v5",
  region: "M4 4h6M14 4h6M4 4v6M20 4v6M4 20v-6M20 20v-6M4 20h6M14 20h6M9 9h6v6H9z",
};
