import{c as J}from"./chunk-32WQTYBD.js";import{a as _,b as M,c as q,d as E,e as P,f as g,g as v}from"./chunk-YN5UQM5H.js";import{a as B,b,c as j,d as D}from"./chunk-ES7N3ENS.js";import{a as z}from"./chunk-UDKH3KOP.js";import{a as O,b as r,d as c,e as U,h as N}from"./chunk-GGQ5MLCW.js";import{A,B as x,I as h,a as W,m as I,p as s,u as $,x as m,y as w}from"./chunk-JOUONLS5.js";var p=(a,t)=>r`<td class="number" data-name=${a}>${t}</td>`,k=(...a)=>r`<thead><tr>${a.map(t=>{let e=s(`storage-${t.replace(/^[#-]/,"")}`);return r`<th scope="col" class=${t[0]==="#"?"number":""}>${t[0]==="-"?r`<span class="visually-hidden">${e}</span>`:e}</th>`})}</tr></thead>`;function R(a,t,e){let o={view:"day",day:a,at:"",cameras:t};return r`<a href=${I.href(o)} @click=${J(o)}>${e}</a>`}function T(a,t,e,o){let i=a.unfolded[t]??20,d=[...o].sort((n,u)=>n.day===u.day?n.camera<u.camera?-1:1:n.day<u.day?-1:1),l=new Map;for(let n of d.slice(0,i))l.set(n.day,[...l.get(n.day)??[],n]);return r`<table><caption>${e}</caption>${k("day","camera","#events","#size","why")}
    ${[...l].map(([n,u])=>r`<tbody>${u.map((f,C)=>r`<tr class=${C?"more":""}>
      ${C?c:r`<th scope="rowgroup" rowspan=${u.length}>${R(n,[],q(n))}</th>`}
      <td>${R(n,[f.camera],f.camera)}</td>${p(s("storage-events"),$(f.count))}
      ${p(s("storage-size"),m(f.bytes))}<td class="wide">${_(f)}</td></tr>`)}</tbody>`)}
  </table>
  ${o.length>i?r`<button @click=${()=>a.unfold(t,i+200)}>${s("storage-show-more",{count:o.length-i})}</button>`:c}`}function G(a,{passes:t}){return t.filter(({refused:e})=>e).map(e=>r`
    <section class="held" aria-labelledby=${e.pass}><div class="head"><h2 id=${e.pass}>${s("held-pass")}</h2>
      ${a.canWriteAll?r`<button class="strong" ?disabled=${a.isBusy} @click=${()=>a.confirm(e)}>${s("held-confirm")}</button>`:c}</div>
      <p class="bad">${w(e.refused.message)}</p>
      <details><summary>${s("held-what",b(e.items))}</summary>${T(a,e.pass,s("held-caption"),e.items)}</details>
    </section>`)}function F(a){let t=a.lastIndexOf("=");return{camera:a.slice(0,Math.max(0,t)),value:a.slice(t+1)}}var K=a=>/^\d+B$/.test(a)?m(parseInt(a)):a;function it({keep_days:a,max_size:t,min_free:e,floor_days:o,max_share:i}){let d=[];for(let{camera:l,value:n}of(a??[]).map(F)){let u=n==="forever"?"rule-forever":"rule-keep-days";d.push(s(l?`${u}-camera`:u,{camera:l,days:parseInt(n)||0}))}for(let{camera:l,value:n}of(t??[]).map(F))d.push(s(l?"rule-max-size-camera":"rule-max-size",{camera:l,size:K(n)}));return e&&d.push(s("rule-min-free",{size:K(e)})),d.length===0?[s("rule-none")]:((t?.length||e)&&d.push(s("rule-floor",{days:parseInt(o)})),Number(i)<1&&d.push(s("rule-share",{percent:v(Number(i))})),d)}function H(a,{rules:t,next_check:e,plan:o,guards:i,passes:d}){let l=d.map(({refused:n})=>n?.message);return r`<ul>${it(t).map(n=>r`<li>${n}</li>`)}</ul>
    ${e&&o?.has_rule!==!1?r`<p>${s("storage-next-pass",{when:g(e)})}</p>`:c}
    ${i.filter(({ok:n,message:u})=>!n&&!l.includes(u)).map(({name:n,message:u})=>r`<p class="bad">${s("storage-guard",{name:n,message:w(u??"")})}</p>`)}
    ${o?.alerts.filter(n=>!a.alerts.includes(n)).map(n=>r`<p class="bad">${w(n)}</p>`)}`}function Y(a,{plan:t}){if(!t)return r`<p class="bad">${s("storage-no-plan")}</p>`;let{items:e,kept:o}=t;return r`
    ${e.length?T(a,"plan",s("plan-takes",b(e)),e):r`<p>${s("plan-empty")}</p>`}
    ${o.length?r`<details><summary>${s("plan-keeps",b(o))}</summary>${T(a,"kept",s("plan-kept"),o)}</details>`:c}`}function Q(a,{passes:t,others:e}){let o=e.map(({path:i,problem:d})=>r`<p class="bad">${i}: ${d}</p>`);return t.length===0?r`<p>${s("queue-empty")}</p>${o}`:r`<table><caption>${s("queue-caption")}</caption>${k("deleted-at","by","#events","#size","until","-restore")}
    <tbody>${t.map(i=>nt(a,i))}</tbody></table>${o}`}function nt(a,t){let{count:e,days:o,size:i}=b(t.items),d=[...new Set(t.items.map(({camera:n})=>n))].join(", "),l=a.canWrite&&!t.reaping&&t.undo_until;return r`<tr><th scope="row">${g(t.started)}</th><td>${s(`storage-by-${t.by}`)}</td>${p(s("storage-events"),$(e))}
    ${p(s("storage-size"),i)}<td data-name=${s("storage-until")}>${t.reaping||!t.undo_until?s("storage-reaping"):g(t.undo_until)}</td>
    <td class="wide">${l?r`<button ?disabled=${a.isBusy} @click=${()=>a.restore(t)}>${s("storage-restore")}</button>`:c}</td></tr>
    <tr class="more"><td colspan="6" class="wide"><details><summary>${s("queue-what",{cameras:d,days:o})}</summary>
      ${t.problem?r`<p class="bad">${t.problem}</p>`:c}
      ${T(a,`queue-${t.pass}`,s("queue-items"),t.items)}</details></td></tr>`}var X=3650,Z=a=>r`<svg class="bar" aria-hidden="true"><rect width=${`${100*Math.min(1,a)}%`} height="100%"></rect></svg>`,tt=a=>(a?.kept??[]).map(({rule:t,days:e,bytes:o})=>s(`keeps-${t}`,{days:e??0,isKnown:e===null||t!=="keep-days"&&e>X?"no":"yes",size:m(o),isSized:o===null?"no":"yes"})),V=a=>m(a?.bytes_per_day_7??a?.bytes_per_day_30??null);function et(a){let{cameras:t}=h,e=t.reduce((i,{bytes:d})=>i+(d??0),0),o=i=>$(t.reduce((d,l)=>d+l[i],0));return t.length===0?r`<p>${s(h.status.kind==="loading"?"storage-loading":"storage-no-camera")}</p>`:r`<table><caption>${s("storage-use-caption")}</caption>
    ${k("camera","#events","#saved","#size","#share","#a-day","will-keep")}
    <tbody>${t.map(({name:i,events:d,saved:l,bytes:n,forecast:u})=>r`<tr><th scope="row">${i}</th>
      ${p(s("storage-events"),$(d))}${p(s("storage-saved"),$(l))}${p(s("storage-size"),m(n))}
      <td class="number" data-name=${s("storage-share")}>${e&&n!==null?r`${v(n/e)}${Z(n/e)}`:"\u2013"}</td>
      ${p(s("storage-a-day"),V(u))}<td class="wide">${tt(u).join("; ")}</td></tr>`)}</tbody>
    ${t.length>1?r`<tfoot><tr><th scope="row">${s("storage-all")}</th>
      ${p(s("storage-events"),o("events"))}${p(s("storage-saved"),o("saved"))}
      ${p(s("storage-size"),m(e))}<td></td>${p(s("storage-a-day"),a?V(a.forecast):"")}<td></td></tr></tfoot>`:c}
  </table>${a?.forecast?dt(a.forecast):c}`}function dt(a){let{disk:t,days_until_full:e,bytes_per_day_30:o,warnings:i}=a;return r`<ul>
    ${t?r`<li>
      ${s("storage-disk",{free:m(t.free),total:m(t.total),percent:v(t.free/t.total)})}</li>`:c}
    ${o==null?c:r`<li>${s("storage-growth-month",{size:m(o)})}</li>`}
    ${e==null?c:r`<li>${s(e>X?"storage-full-never":"storage-full-in",{days:Math.floor(e)})}</li>`}
    ${tt(a).map(d=>r`<li>${d}</li>`)}
    ${(i??[]).map(d=>r`<li class="bad">${d}</li>`)}</ul>`}function st({stores:a}){return a.length===0?r`<p>${s("storage-no-store")}</p>`:a.map(({name:t,url:e,active:o,copy:i,encrypted:d,out_of_reach_since:l,copying:n})=>r`
    <h3>${t}</h3>${e?r`<p class="soft">${e}</p>`:c}
    ${n?.trouble?r`<p class="bad">${s("store-trouble",{when:g(n.trouble.since),why:n.trouble.why??""})}</p>`:l?r`<p class="bad">${s("store-lost",{when:g(l)})}</p>`:c}
    <dl><dt>${s("store-rule")}</dt><dd>${s(o?`store-copy-${i??"off"}`:"store-inactive")}${d?`, ${s("storage-encrypted")}`:""}</dd>
      ${n?lt(n):c}</dl>
    ${n?.failed?.length?r`<p class="bad">${s("store-failed")}</p><ul>${n.failed.map(({event:u,problem:f})=>r`<li>${u}${f?`: ${f}`:""}</li>`)}</ul>`:c}`)}function lt({activity:a,event:t,waiting:e,waiting_bytes:o,oldest:i,copied:d,sent_bytes:l,failures:n}){let u=i&&`${E(i)} (${P(W(i)-h.now)})`;return r`<dt>${s("store-activity")}</dt><dd>${s(`store-${a}`)}${t?` ${t}`:""}</dd>
    <dt>${s("store-waiting")}</dt><dd>${e===null?s("store-comparing"):s("store-events",{count:e,size:m(o)})}</dd>
    ${u?r`<dt>${s("store-oldest")}</dt><dd>${u}</dd>`:c}
    <dt>${s("store-copied")}</dt><dd>${s("store-events",{count:d,size:m(l)})}
      ${n?r`, <span class="bad">${s("store-failures",{count:n})}</span>`:c}</dd>`}function at(a,{entries:t,total_bytes:e,max_mb:o,hits:i,misses:d,hit_rate:l}){return r`<dl><dt>${s("storage-size")}</dt><dd>${s("cache-size",{size:m(e),most:m(o*1e6)})}${Z(e/(o*1e6))}</dd>
      <dt>${s("cache-entries")}</dt><dd>${$(t)}</dd>
      <dt>${s("cache-hits")}</dt><dd>${i+d?v(l):"\u2013"}</dd></dl>
    <div class="buttons"><button ?disabled=${a.isBusy||!t} @click=${()=>a.prune(Math.floor(e/2))}>${s("cache-prune")}</button>
      <button ?disabled=${a.isBusy||!t} @click=${()=>a.clearCache()}>${s("cache-clear")}</button></div>`}function ct({camera:a,day:t,events:e}){if(!a||!t)return"";let o=Array.isArray(e)?e.length===1?`, ${e[0]}`:`, ${s("storage-some-events",{count:e.length})}`:"";return`${a}, ${q(t)}${o}`}function rt(a,t){return t.length===0?r`<p>${s("audit-empty")}</p>`:r`<table><caption>${s("audit-caption")}</caption>${k("at","what","which","#events","#size","why")}
    <tbody>${t.map(e=>r`<tr><th scope="row">${g(e.at)}</th>
      <td>${s(`audit-${ut.includes(e.what)?e.what:"other"}`)}${e.by==="hand"?` (${s("storage-by-hand")})`:""}</td>
      <td>${ct(e)}</td><td class="number" data-name=${s("storage-events")}>${e.count===void 0?c:$(e.count)}</td>
      <td class="number">${e.bytes===void 0||e.bytes===null?c:m(e.bytes)}</td>
      <td class="wide">${e.what==="pass"?c:w(_(e))}</td></tr>`)}</tbody></table>
    ${a.audit.next===null?c:r`<button ?disabled=${a.isBusy} @click=${()=>a.act(()=>a.audit.older())}>${s("audit-older")}</button>`}`}var ut=["pass","item","left","refused","restored","deleted","saved","unsaved","emptied","removed","failed","lost"];var y=class{value=null;error="";isAbsent=!1;#t=0;constructor(t,e){this.owner=t,this.path=e}get isSettled(){return this.value!==null||this.error!==""}async load(){let t=++this.#t;try{let e=await A(this.path);if(t!==this.#t)return;this.take(e),this.error=""}catch(e){if(t!==this.#t)return;this.isAbsent=e.status===403||e.status===404,this.error=e.message}this.owner.requestUpdate()}take(t){this.value=t}},L=class extends y{next=null;constructor(t){super(t,"api/v1/audit?limit=50")}take({entries:t,next:e}){let o=this.value??[],i=o[0]?.id??0;t.some(({id:l})=>l<=i)?this.value=[...t.filter(({id:l})=>l>i),...o]:[this.value,this.next]=[t,e]}async older(){let{entries:t,next:e}=await A(`${this.path}&cursor=${this.next}`);this.value=[...this.value??[],...t],this.next=e,this.owner.requestUpdate()}};var ot=O`
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
`;var ht=3e4,mt=300,S=class extends U{static styles=[N,ot];constructor(){super(),this.retention=new y(this,"api/v1/retention"),this.queue=new y(this,"api/v1/queue"),this.stores=new y(this,"api/v1/stores"),this.cache=new y(this,"api/v1/cache"),this.audit=new L(this),this.unfolded={},this.isBusy=!1,this.focused=null,this.isLoaded=!1,this.soon=()=>{clearTimeout(this.timer),this.timer=window.setTimeout(()=>this.load(),mt)},this.redraw=()=>{this.requestUpdate(),this.isLoaded||this.soon()}}connectedCallback(){super.connectedCallback(),h.addEventListener("status",this.soon),h.addEventListener("cameras",this.redraw),h.stream.addEventListener("pass",this.soon),document.addEventListener("visibilitychange",this.soon),this.load()}disconnectedCallback(){super.disconnectedCallback(),h.removeEventListener("status",this.soon),h.removeEventListener("cameras",this.redraw),h.stream.removeEventListener("pass",this.soon),document.removeEventListener("visibilitychange",this.soon),clearTimeout(this.timer)}get canWrite(){return h.canWrite}get canWriteAll(){return h.canWriteAll}get alerts(){return h.alerts}async load(){if(clearTimeout(this.timer),document.hidden||!h.me)return;this.isLoaded=!0;let t=[this.retention,this.queue,this.audit,...h.me.cameras===null?[this.stores]:[],...this.canWriteAll?[this.cache]:[]];await Promise.all(t.map(e=>e.load())),clearTimeout(this.timer),this.isConnected&&(this.timer=window.setTimeout(()=>this.load(),ht))}unfold(t,e){this.unfolded[t]=e,this.requestUpdate()}async act(t){this.isBusy=!0,this.requestUpdate();try{await t()}catch(e){z.notify(e.message,!0)}this.isBusy=!1,this.requestUpdate(),this.soon()}onFocus({target:t}){let e=t;this.focused={button:e,heading:e.closest("section")?.querySelector("h2")}}onBlur({target:t}){let e=t;setTimeout(()=>{this.focused?.button===e&&e.isConnected&&!e.disabled&&(this.focused=null)})}updated(){if(!this.focused||document.activeElement!==document.body||this.isBusy)return;let{button:t,heading:e}=this.focused;[t,e,this.renderRoot.querySelector("h2")].find(i=>i?.isConnected)?.focus({preventScroll:!0})}confirm({pass:t,refused:e}){this.act(()=>D(t,e.message))}run(){this.act(async()=>{let{count:t,size:e,days:o}=b(this.retention.value?.plan?.items??[]),i=[s("held-asks",{count:t,size:e,days:o})];t&&!await B({title:s("storage-run-title"),lines:i,action:s("storage-run")})||(j(await x("POST","api/v1/retention/run")),await h.refresh())})}restore({pass:t}){this.act(async()=>{let{items:e,left:o,kept_until:i}=await x("POST",`api/v1/queue/${encodeURIComponent(t)}/restore`);o.length?z.notify(s("not-all-restored",{count:o.length,why:o[0].problem}),!0):z.notify(s(i?"storage-restored-until":"storage-restored",{count:b(e).count,until:i?E(M(i)):""})),await h.refresh()})}prune(t){this.act(()=>x("POST",`api/v1/cache/prune?max_size=${t}`))}clearCache(){this.act(async()=>{await B({title:s("cache-clear"),lines:[s("cache-clear-what")],action:s("cache-clear")})&&await x("DELETE","api/v1/cache/entries")})}section(t,e,o,i=c){let{value:d,error:l,isAbsent:n}=e;return n?c:r`<section aria-labelledby=${t} aria-busy=${d||l?"false":"true"}>
      <div class="head"><h2 id=${t} tabindex="-1">${s(`section-${t}`)}</h2>${d?i:c}</div>
      ${l?r`<p class="bad">${s("section-failed",{why:l})} <button @click=${()=>e.load()}>${s("storage-retry")}</button></p>`:c}
      ${d?o(d):l?c:r`<p class="soft">${s("storage-loading")}</p>`}</section>`}render(){let{retention:t}=this;return!t.isSettled&&this.alerts.length?r`<p class="soft">${s("storage-loading")}</p>`:r`<div class="all" @focusin=${this.onFocus} @focusout=${this.onBlur}>
      ${t.value?G(this,t.value):c}
      <section aria-labelledby="use"><h2 id="use" tabindex="-1">${s("section-use")}</h2>${et(t.value)}</section>
      ${t.isSettled?[this.ruled(),this.others()]:c}
    </div>`}ruled(){let{retention:t}=this,e=this.canWriteAll&&t.value?.plan?.has_rule?r`<button ?disabled=${this.isBusy} @click=${this.run}>${s("storage-run")}</button>`:c;return r`${this.section("rules",t,o=>H(this,o),e)}
      ${t.value?.plan?.has_rule===!1?c:this.section("plan",t,o=>Y(this,o))}`}others(){let e=[["queue",this.queue,i=>Q(this,i),!0],["stores",this.stores,st,h.me?.cameras===null],["cache",this.cache,i=>at(this,i),this.canWriteAll],["audit",this.audit,i=>rt(this,i),!0]].filter(([,,,i])=>i),o=e.findIndex(([,i])=>!i.isSettled);return e.slice(0,o<0?void 0:o+1).map(([i,d,l])=>this.section(i,d,l))}};customElements.define("owl-storage",S);export{S as Storage};
