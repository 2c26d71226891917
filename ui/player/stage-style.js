// What the stage looks like: the picture whole, as large as there is room, and what one plays it by below.

import { css } from "../vendor/lit.js";

export const stageStyle = css`
  :host { display: flex; flex-direction: column; min-height: 0; background: var(--card); }
  .picture {
    position: relative; flex: 1 1 auto; min-height: 0; max-width: 100%; max-height: max(12rem, 100dvh - 8rem); aspect-ratio: 16 / 9;
    overflow: hidden; background: #000; color: #fff; display: grid; cursor: pointer; touch-action: pan-y; user-select: none;
  }
  .picture > :first-child { grid-area: 1 / 1; width: 100%; height: 100%; min-width: 0; min-height: 0; object-fit: contain; }
  owl-filmstrip { display: block; }
  owl-filmstrip canvas { display: block; width: 100%; height: 100%; object-fit: contain; }
  .blank { display: grid; place-items: center; padding: 1rem; text-align: center; overflow-wrap: anywhere; }
  .wall, .badge {
    position: absolute; top: .5rem; left: .5rem; padding: 0 .4rem; border-radius: .25rem; background: #000b; color: #fff;
    font-variant-numeric: tabular-nums; pointer-events: none;
  }
  .badge { left: auto; right: .5rem; background: #a3140e; }
  .said:not(:empty) {
    display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding: .4rem .75rem; border-bottom: 1px solid var(--line);
    overflow-wrap: anywhere;
  }
  .said label { display: flex; align-items: center; gap: .5rem; flex-wrap: wrap; }
  progress { accent-color: var(--mark); }
  .bar { display: flex; align-items: center; gap: .25rem; padding: .25rem .5rem; }
  .bar input { flex: 1; min-width: 3rem; margin: 0 .25rem; }
  .bar .plain { padding: .2rem .5rem; }
  .bar select { min-width: 0; padding: .2rem; }
  @media (max-width: 30rem) {
    .bar { flex-wrap: wrap; }
    .bar input { order: -1; flex: 1 0 100%; margin: 0; min-height: 32px; } /* long enough for a finger */
    .bar .time { flex: 1; }
  }
  .time { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .9rem; }
  :host(:fullscreen) { background: #000; }
  :host(:fullscreen) .bar, :host(:fullscreen) .said { background: var(--card); }
  :host(:fullscreen) .picture { aspect-ratio: auto; max-height: none; }
  @media (min-width: 1100px) { .picture { max-height: none; } }
`;
