// The style sheet of the list.

import { css } from "../../vendor/lit.js";

export const listStyle = css`
  :host { display: block; position: relative; min-height: 60vh; overflow-anchor: none; --side: 16px; }
  .list { position: relative; }
  .list:focus-visible { outline: none; } /* it only keeps the focus for a card that is out of view */
  section { position: absolute; left: 0; right: 0; }
  .head {
    position: sticky; top: var(--stick, 0px); z-index: 1; display: flex; align-items: center; gap: 0 .75rem; height: 48px; padding: 0 var(--side);
    background: var(--back); white-space: nowrap; overflow: hidden;
  }
  .head h2 { flex: none; max-width: 70%; overflow: hidden; text-overflow: ellipsis; }
  .head .soft { overflow: hidden; text-overflow: ellipsis; min-width: 0; }
  .head b { color: var(--mark); font-weight: 600; }
  .head a { font-size: .875rem; }
  .head button { margin-left: auto; flex: none; }
  .narrow { display: none; }
  .hour { position: absolute; }
  h3 { height: 27px; padding-top: 6px; border-bottom: 1px solid var(--line); font-size: .8125rem; font-weight: 600; color: var(--soft); font-variant-numeric: tabular-nums; }
  h3 small { font-weight: 400; margin-left: .35rem; }
  .cards { position: absolute; left: 0; right: 0; display: grid; }
  .ghost { border-radius: var(--round); background: var(--card); opacity: .6; margin-bottom: 26px; }
  .skeleton { left: var(--side); right: var(--side); top: 80px; }
  .more { position: fixed; z-index: 2; left: 0; right: 0; top: calc(var(--stick, 0px) + 56px); display: flex; justify-content: center; pointer-events: none; }
  .more button { pointer-events: auto; border-radius: 2rem; box-shadow: 0 2px 10px var(--shade); }
  .empty { display: grid; justify-items: center; gap: .75rem; max-width: 34rem; margin: 0 auto; padding: 4rem 1.5rem; text-align: center; overflow-wrap: anywhere; }
  @media (max-width: 559px) {
    :host { --side: 10px; }
    .ghost { margin-bottom: 52px; }
    .wide { display: none; }
    .narrow { display: inline; }
    .head { gap: 0 .5rem; font-size: .875rem; }
    .head button { padding: 0; margin-right: -10px; }
  }
`;
