// What the calendar looks like. Shades are mixed so that the text on them keeps its contrast in both themes.

import { css } from "../../vendor/lit.js";

export const style = css`
  :host { display: block; padding: var(--gap) 1rem 3rem; }
  .all { display: grid; gap: var(--gap); max-width: 110rem; margin: 0 auto; }
  .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; }
  .legend > span { display: inline-flex; align-items: center; gap: .3rem; }
  .swatch { display: inline-block; width: 1rem; height: 1rem; border: 1px solid var(--line); border-radius: .2rem; }
  .months { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1rem; align-items: start; }
  section { padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: var(--round); }
  h2 { display: inline; margin-right: .4rem; }
  table { width: 100%; margin-top: .25rem; table-layout: fixed; border-spacing: 2px; }
  th { padding: .1rem; color: var(--soft); font-weight: 500; font-size: .8rem; }
  td { padding: 0; }
  .day {
    position: relative; display: grid; grid-template-rows: auto 1fr; height: 3.25rem; padding: .15rem .2rem; overflow: hidden;
    border: 2px solid transparent; border-radius: .3rem; color: inherit; text-decoration: none; font-variant-numeric: tabular-nums;
  }
  span.day { color: var(--soft); font-size: .75rem; line-height: 1; }
  a.day:hover { border-color: var(--edge); }
  .top { display: flex; align-items: center; gap: .15rem; font-size: .75rem; line-height: 1; }
  .day b { align-self: center; text-align: center; font-size: .9rem; white-space: nowrap; }
  .dot { display: inline-block; width: .45rem; height: .45rem; border-radius: 50%; background: currentColor; }
  .day .dot { margin-left: auto; }
  .star svg { display: block; width: .75rem; height: .75rem; }
  .shade-0 b { color: var(--soft); }
  .shade-1 { background: color-mix(in srgb, var(--mark) 8%, var(--card)); }
  .shade-2 { background: color-mix(in srgb, var(--mark) 16%, var(--card)); }
  .shade-3 { background: color-mix(in srgb, var(--mark) 24%, var(--card)); }
  .shade-4 { background: color-mix(in srgb, var(--mark) 32%, var(--card)); }
  .shade-5 { background: color-mix(in srgb, var(--mark) 40%, var(--card)); }
  .goes-next { border: 2px dashed var(--bad); }
  .goes-soon { border: 2px dotted var(--edge); }
  [aria-current] .top { font-weight: 700; text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 2px; }
  a.day[aria-current] { border: 2px solid var(--mark); color: inherit; }
  @media (max-width: 45rem) {
    :host { padding: .5rem .5rem 2rem; }
    section { padding: .5rem .2rem; }
    section > h2 { margin-left: .3rem; }
    table { border-spacing: 1px; }
    .day { padding: .15rem .1rem; }
    .day b { font-size: .8rem; }
    .day .long { font-size: .7rem; letter-spacing: -.03em; }
  }
`;
