import{a as n,b as s,d as p}from"./chunk-GGQ5MLCW.js";import{I as o,m as r,p as a}from"./chunk-JOUONLS5.js";var u=n`
  .chips { display: flex; flex-wrap: wrap; gap: .4rem; min-width: 0; }
  .chips button { max-width: 100%; border-radius: 2rem; }
  .chips span { overflow: hidden; text-overflow: ellipsis; }
  @media (max-width: 45rem) {
    .chips { flex-wrap: nowrap; overflow-x: auto; margin: -4px; padding: 4px; scrollbar-width: none; } /* with room for the outline of the focus */
    .chips button { flex: none; max-width: 16rem; }
  }
`;function c(t){let{cameras:e}=r.state,i=e.includes(t)?e.filter(l=>l!==t):[...e,t];r.replace({cameras:i.length===o.cameras.length?[]:i})}function x(){let{cameras:t}=r.state;return o.cameras.length<2?p:s`<div class="chips" role="group" aria-label=${a("chips-cameras")}>
    <button aria-pressed=${t.length===0} @click=${()=>r.replace({cameras:[]})}>${a("chips-all")}</button>
    ${o.cameras.map(({name:e})=>s`<button aria-pressed=${t.includes(e)} @click=${()=>c(e)}><span>${e}</span></button>`)}
  </div>`}var w=t=>e=>{e.ctrlKey||e.metaKey||e.shiftKey||e.button||(e.preventDefault(),r.go(t))};export{u as a,x as b,w as c};
