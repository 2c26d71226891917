// What the sections of the storage view look like: cards with tables, whose rows become lines of named values on a narrow screen.

import { css } from "../../vendor/lit.js";

export const style = css`
  :host { display: block; min-height: 100dvh; padding: var(--gap) 1rem 3rem; } /* so high that there is a scroll bar from the start */
  .all { display: grid; gap: var(--gap); max-width: 75rem; margin: 0 auto; }
  section { min-width: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: var(--round); }
  section.held { border-color: var(--bad); }
  section > * + *, details > * + * { margin-top: .6rem; }
  a { color: var(--mark); }
  p, li, td, th { overflow-wrap: anywhere; }
  ul { margin-bottom: 0; padding-left: 1.25rem; }
  .head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem; }
  .buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
  summary { padding: .4rem 0; cursor: pointer; }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  caption { padding-bottom: .25rem; text-align: start; color: var(--soft); }
  th, td { padding: .3rem .6rem; border-top: 1px solid var(--line); text-align: start; vertical-align: top; }
  tr.more td[colspan] { border-top: 0; }
  thead th { border-top: 0; color: var(--soft); font-weight: 500; }
  tbody th, tfoot th { font-weight: 600; }
  :is(th, td):first-child { padding-left: 0; }
  :is(th, td):last-child { padding-right: 0; }
  .number { text-align: end; white-space: nowrap; }
  .bar { display: block; width: 100%; height: .5rem; margin-top: .45rem; border-radius: .25rem; background: var(--line); }
  td .bar { display: inline-block; width: 5rem; margin: 0 0 .05rem .6rem; }
  .bar rect { fill: var(--mark); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin-bottom: 0; }
  dt { color: var(--soft); }
  dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
  @media (max-width: 45rem) {
    :host { padding: .5rem .5rem 2rem; }
    section { padding: .75rem; }
    thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    table, caption, tbody, tfoot { display: block; }
    tr { display: flex; flex-wrap: wrap; gap: 0 .9rem; padding: .35rem 0; border-top: 1px solid var(--line); }
    th, td { padding: 0; border: 0; text-align: start; }
    tbody th, .wide { flex-basis: 100%; }
    td[data-name]::before { content: attr(data-name) " "; color: var(--soft); }
    td:empty { display: none; }
    tr.more { border: 0; padding-left: .75rem; }
    .number { white-space: normal; }
    dl { grid-template-columns: 1fr; gap: 0; }
    dd + dt { margin-top: .4rem; }
  }
  @media (pointer: coarse) { summary, td a, th a { display: inline-flex; align-items: center; min-height: 44px; } }
`;
