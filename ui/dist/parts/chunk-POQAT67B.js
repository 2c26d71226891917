import{a as n,b as o,d as p}from"./chunk-GGQ5MLCW.js";import{I as s,m as r,p as a}from"./chunk-D4UZCCLC.js";var f=n`
  .chips { display: flex; flex-wrap: wrap; gap: .4rem; min-width: 0; }
  .chips button { max-width: 100%; border-radius: 2rem; }
  .chips span { overflow: hidden; text-overflow: ellipsis; }
`;function l(e){let{cameras:t}=r.state,i=t.includes(e)?t.filter(c=>c!==e):[...t,e];r.replace({cameras:i.length===s.cameras.length?[]:i})}function g(){let{cameras:e}=r.state;return s.cameras.length<2?p:o`<div class="chips" role="group" aria-label=${a("chips-cameras")}>
    <button aria-pressed=${e.length===0} @click=${()=>r.replace({cameras:[]})}>${a("chips-all")}</button>
    ${s.cameras.map(({name:t})=>o`<button aria-pressed=${e.includes(t)} @click=${()=>l(t)}><span>${t}</span></button>`)}
  </div>`}var b=e=>t=>{t.ctrlKey||t.metaKey||t.shiftKey||t.button||(t.preventDefault(),r.go(e))};export{f as a,g as b,b as c};
