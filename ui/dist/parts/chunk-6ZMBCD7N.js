import{c as o,i as r}from"./chunk-GGQ5MLCW.js";var s=(t,e=!1)=>o`<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"
  fill=${e?"currentColor":"none"} stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
  stroke-linejoin="round"><path d=${r[t]}></path></svg>`;export{s as a};
