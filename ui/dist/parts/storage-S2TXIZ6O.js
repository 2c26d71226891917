import{a as C,b as g,c as G,d as V}from"./chunk-WF37SKKU.js";import{a as q}from"./chunk-4M7AUPIS.js";import{A as $,B as j,D as u,E as v,a as S,b as J,c as L,k as N,m as O,n as k,u as m,v as W,x as r,y as K,z as w}from"./chunk-XZAW2O47.js";import{a as R,b as o,d as l,e as F,h as H}from"./chunk-J64SKDQG.js";var Y={"older-than":({days:e})=>({days:e}),"camera-over":({limit:e,excess:t})=>({limit:u(e),excess:u(t)}),"archive-over":({limit:e,excess:t})=>({limit:u(e),excess:u(t)}),"free-space-under":({free:e,wanted:t})=>({free:u(e),wanted:u(t)}),"without-copy":({rule:e})=>({why:B(e,"")}),"in-place":({rule:e})=>({why:e?B(e,""):"nothing"})},$t=["saved","open","restored","floor","wrong-date","no-events","not-copied","deleted","emptied","put-back","whole-archive","withheld"];function B(e,t){return Y[e?.kind]?r(`reason-${e.kind}`,Y[e.kind](e)):$t.includes(e?.kind)?r(`reason-${e.kind}`):e?.text??t}var E=({reason:e,rule:t})=>B(t,e??"");function I(e){let t=Math.round((m.now-Date.now())/6e4)*6e4;return J(Date.parse(e)+t)}function z(e){let[t,a]=[L(e),L(m.now)],s=j(e).slice(0,5);return t===a?s:`${t.slice(0,4)===a.slice(0,4)?w(t):K(t)}, ${s}`}function M(e){let t=new Intl.RelativeTimeFormat(W,{numeric:"always"});for(let[a,s]of[["day",864e5],["hour",36e5],["minute",6e4]])if(Math.abs(e)>=s*(a==="minute"?1:2))return t.format(Math.trunc(e/s),a);return t.format(Math.trunc(e/1e3),"second")}var b=e=>`${z(I(e))} (${M(Date.parse(e)-Date.now())})`,x=e=>new Intl.NumberFormat(W,{style:"percent"}).format(e);var p=(e,t)=>o`<td class="number" data-name=${e}>${t}</td>`,_=(...e)=>o`<thead><tr>${e.map(t=>t===""?o`<td></td>`:o`<th scope="col" class=${t[0]==="#"?"number":""}>${r(`storage-${t.replace("#","")}`)}</th>`)}</tr></thead>`;function Q(e,t,a){let s={view:"day",day:e,at:"",cameras:t};return o`<a href=${N.href(s)} @click=${n=>ft(n,s)}>${a}</a>`}function ft(e,t){e.ctrlKey||e.metaKey||e.shiftKey||e.button||(e.preventDefault(),N.go(t))}function T(e,t,a,s){let n=e.unfolded[t]??20,d=[...s].sort((i,h)=>i.day===h.day?i.camera<h.camera?-1:1:i.day<h.day?-1:1),c=new Map;for(let i of d.slice(0,n))c.set(i.day,[...c.get(i.day)??[],i]);return o`<table><caption>${a}</caption>${_("day","camera","#events","#size","why")}
    ${[...c].map(([i,h])=>o`<tbody>${h.map((f,P)=>o`<tr class=${P?"more":""}>
      ${P?l:o`<th scope="rowgroup" rowspan=${h.length}>${Q(i,[],w(i))}</th>`}
      <td>${Q(i,[f.camera],f.camera)}</td>${p(r("storage-events"),$(f.count))}
      ${p(r("storage-size"),u(f.bytes))}<td class="wide">${E(f)}</td></tr>`)}</tbody>`)}
  </table>${s.length>n?o`<button @click=${()=>e.unfold(t,n+200)}>${r("storage-show-more",{count:s.length-n})}</button>`:l}`}function tt(e,{passes:t}){return t.filter(({refused:a})=>a).map(a=>o`
    <section class="held" aria-labelledby=${a.pass}><div class="head"><h2 id=${a.pass}>${r("held-pass")}</h2>
      ${e.canWriteAll?o`<button class="strong" ?disabled=${e.isBusy} @click=${()=>e.confirm(a)}>${r("held-confirm")}</button>`:l}</div>
      <p class="bad">${v(a.refused.message)}</p>
      <details><summary>${r("held-what",g(a.items))}</summary>${T(e,a.pass,r("held-caption"),a.items)}</details>
    </section>`)}function X(e){let t=e.lastIndexOf("=");return{camera:e.slice(0,Math.max(0,t)),value:e.slice(t+1)}}var Z=e=>/^\d+B$/.test(e)?u(parseInt(e)):e;function gt({keep_days:e,max_size:t,min_free:a,floor_days:s,max_share:n}){let d=[];for(let{camera:c,value:i}of(e??[]).map(X)){let h=i==="forever"?"rule-forever":"rule-keep-days";d.push(r(c?`${h}-camera`:h,{camera:c,days:parseInt(i)||0}))}for(let{camera:c,value:i}of(t??[]).map(X))d.push(r(c?"rule-max-size-camera":"rule-max-size",{camera:c,size:Z(i)}));return a&&d.push(r("rule-min-free",{size:Z(a)})),d.length===0?[r("rule-none")]:((t?.length||a)&&d.push(r("rule-floor",{days:parseInt(s)})),Number(n)<1&&d.push(r("rule-share",{percent:x(Number(n))})),d)}function et(e,{rules:t,next_check:a,plan:s,guards:n,passes:d}){let c=d.map(({refused:i})=>i?.message);return o`<ul>${gt(t).map(i=>o`<li>${i}</li>`)}</ul>
    ${a&&s?.has_rule!==!1?o`<p>${r("storage-next-pass",{when:b(a)})}</p>`:l}
    ${n.filter(({ok:i,message:h})=>!i&&!c.includes(h)).map(({name:i,message:h})=>o`<p class="bad">${r("storage-guard",{name:i,message:v(h??"")})}</p>`)}
    ${s?.alerts.filter(i=>!e.alerts.includes(i)).map(i=>o`<p class="bad">${v(i)}</p>`)}`}function at(e,{plan:t}){if(!t)return o`<p class="bad">${r("storage-no-plan")}</p>`;let{items:a,kept:s}=t;return o`
    ${a.length?T(e,"plan",r("plan-takes",g(a)),a):o`<p>${r("plan-empty")}</p>`}
    ${s.length?o`<details><summary>${r("plan-keeps",g(s))}</summary>${T(e,"kept",r("plan-kept"),s)}</details>`:l}`}function rt(e,{passes:t,others:a}){let s=a.map(({path:n,problem:d})=>o`<p class="bad">${n}: ${d}</p>`);return t.length===0?o`<p>${r("queue-empty")}</p>${s}`:o`<table><caption>${r("queue-caption")}</caption>${_("deleted-at","by","#events","#size","until","")}
    <tbody>${t.map(n=>bt(e,n))}</tbody></table>${s}`}function bt(e,t){let{count:a,days:s,size:n}=g(t.items),d=[...new Set(t.items.map(({camera:i})=>i))].join(", "),c=e.canWrite&&!t.reaping&&t.undo_until;return o`<tr><th scope="row">${b(t.started)}</th><td>${r(`storage-by-${t.by}`)}</td>${p(r("storage-events"),$(a))}
    ${p(r("storage-size"),n)}<td data-name=${r("storage-until")}>${t.reaping||!t.undo_until?r("storage-reaping"):b(t.undo_until)}</td>
    <td class="wide">${c?o`<button ?disabled=${e.isBusy} @click=${()=>e.restore(t)}>${r("storage-restore")}</button>`:l}</td></tr>
    <tr class="more"><td colspan="6" class="wide"><details><summary>${r("queue-what",{cameras:d,days:s})}</summary>
      ${t.problem?o`<p class="bad">${t.problem}</p>`:l}
      ${T(e,`queue-${t.pass}`,r("queue-items"),t.items)}</details></td></tr>`}var ot=e=>o`<svg class="bar" aria-hidden="true"><rect width=${`${100*Math.min(1,e)}%`} height="100%"></rect></svg>`,it=e=>(e?.kept??[]).map(({rule:t,days:a,bytes:s})=>r(`keeps-${t}`,{days:a===null?"?":$(a),size:u(s)})),st=e=>u(e?.bytes_per_day_7??e?.bytes_per_day_30??null);function nt(e){let{cameras:t}=m,a=t.reduce((n,{bytes:d})=>n+(d??0),0),s=n=>$(t.reduce((d,c)=>d+c[n],0));return t.length===0?o`<p>${r("storage-no-camera")}</p>`:o`<table><caption>${r("storage-use-caption")}</caption>${_("camera","#events","#saved","#size","#share","#a-day","will-keep")}
    <tbody>${t.map(({name:n,events:d,saved:c,bytes:i,forecast:h})=>o`<tr><th scope="row">${n}</th>
      ${p(r("storage-events"),$(d))}${p(r("storage-saved"),$(c))}${p(r("storage-size"),u(i))}
      <td class="number" data-name=${r("storage-share")}>${a&&i!==null?o`${x(i/a)}${ot(i/a)}`:"\u2013"}</td>
      ${p(r("storage-a-day"),st(h))}<td class="wide">${it(h).join("; ")}</td></tr>`)}</tbody>
    ${t.length>1?o`<tfoot><tr><th scope="row">${r("storage-all")}</th>${p(r("storage-events"),s("events"))}${p(r("storage-saved"),s("saved"))}
      ${p(r("storage-size"),u(a))}<td></td>${p(r("storage-a-day"),e?st(e.forecast):"")}<td></td></tr></tfoot>`:l}
  </table>${e?.forecast?yt(e.forecast):l}`}function yt(e){let{disk:t,days_until_full:a,bytes_per_day_30:s,warnings:n}=e;return o`<ul>
    ${t?o`<li>${r("storage-disk",{free:u(t.free),total:u(t.total),percent:x(t.free/t.total)})}</li>`:l}
    ${s==null?l:o`<li>${r("storage-growth-month",{size:u(s)})}</li>`}
    ${a==null?l:o`<li>${r(a>3650?"storage-full-never":"storage-full-in",{days:Math.floor(a)})}</li>`}
    ${it(e).map(d=>o`<li>${d}</li>`)}
    ${(n??[]).map(d=>o`<li class="bad">${d}</li>`)}</ul>`}function dt({stores:e}){return e.length===0?o`<p>${r("storage-no-store")}</p>`:e.map(({name:t,url:a,active:s,copy:n,encrypted:d,out_of_reach_since:c,copying:i})=>o`
    <h3>${t}</h3>${a?o`<p class="soft">${a}</p>`:l}
    ${i?.trouble?o`<p class="bad">${r("store-trouble",{when:b(i.trouble.since),why:i.trouble.why??""})}</p>`:c?o`<p class="bad">${r("store-lost",{when:b(c)})}</p>`:l}
    <dl><dt>${r("store-rule")}</dt><dd>${r(s?`store-copy-${n??"off"}`:"store-inactive")}${d?`, ${r("storage-encrypted")}`:""}</dd>
      ${i?wt(i):l}</dl>
    ${i?.failed?.length?o`<p class="bad">${r("store-failed")}</p><ul>${i.failed.map(({event:h,problem:f})=>o`<li>${h}${f?`: ${f}`:""}</li>`)}</ul>`:l}`)}function wt({activity:e,event:t,waiting:a,waiting_bytes:s,oldest:n,copied:d,sent_bytes:c,failures:i}){let h=n&&`${z(n)} (${M(S(n)-m.now)})`;return o`<dt>${r("store-activity")}</dt><dd>${r(`store-${e}`)}${t?` ${t}`:""}</dd>
    <dt>${r("store-waiting")}</dt><dd>${a===null?r("store-comparing"):r("store-events",{count:a,size:u(s)})}</dd>
    ${h?o`<dt>${r("store-oldest")}</dt><dd>${h}</dd>`:l}
    <dt>${r("store-copied")}</dt><dd>${r("store-events",{count:d,size:u(c)})}${i?o`, <span class="bad">${r("store-failures",{count:i})}</span>`:l}</dd>`}function lt(e,{entries:t,total_bytes:a,max_mb:s,hits:n,misses:d,hit_rate:c}){return o`<dl><dt>${r("storage-size")}</dt><dd>${r("cache-size",{size:u(a),most:u(s*1e6)})}${ot(a/(s*1e6))}</dd>
      <dt>${r("cache-entries")}</dt><dd>${$(t)}</dd>
      <dt>${r("cache-hits")}</dt><dd>${n+d?x(c):"\u2013"}</dd></dl>
    <div class="buttons"><button ?disabled=${e.isBusy||!t} @click=${()=>e.prune(Math.floor(a/2))}>${r("cache-prune")}</button>
      <button ?disabled=${e.isBusy||!t} @click=${()=>e.clearCache()}>${r("cache-clear")}</button></div>`}function vt({camera:e,day:t,events:a}){if(!e||!t)return"";let s=Array.isArray(a)?a.length===1?`, ${a[0]}`:`, ${r("storage-some-events",{count:a.length})}`:"";return`${e}, ${w(t)}${s}`}function ct(e,t){return t.length===0?o`<p>${r("audit-empty")}</p>`:o`<table><caption>${r("audit-caption")}</caption>${_("at","what","which","#events","#size","why")}
    <tbody>${t.map(a=>o`<tr><th scope="row">${b(a.at)}</th><td>${r(`audit-${xt.includes(a.what)?a.what:"other"}`)}${a.by==="hand"?` (${r("storage-by-hand")})`:""}</td>
      <td>${vt(a)}</td><td class="number" data-name=${r("storage-events")}>${a.count===void 0?l:$(a.count)}</td>
      <td class="number">${a.bytes===void 0||a.bytes===null?l:u(a.bytes)}</td>
      <td class="wide">${v(E(a))}</td></tr>`)}</tbody></table>
    ${e.audit.next===null?l:o`<button ?disabled=${e.isBusy} @click=${()=>e.act(()=>e.audit.older())}>${r("audit-older")}</button>`}`}var xt=["pass","item","left","refused","restored","deleted","saved","unsaved","emptied","removed","failed","lost"];var y=class{value=null;error="";isAbsent=!1;#t=0;constructor(t,a){this.owner=t,this.path=a}async load(){let t=++this.#t;try{let a=await O(this.path);if(t!==this.#t)return;this.take(a),this.error=""}catch(a){if(t!==this.#t)return;this.isAbsent=a.status===403||a.status===404,this.error=a.message}this.owner.requestUpdate()}take(t){this.value=t}},A=class extends y{next=null;constructor(t){super(t,"api/v1/audit?limit=50")}take({entries:t,next:a}){let s=this.value??[],n=s[0]?.id??0;t.some(({id:c})=>c<=n)?this.value=[...t.filter(({id:c})=>c>n),...s]:[this.value,this.next]=[t,a]}async older(){let{entries:t,next:a}=await O(`${this.path}&cursor=${this.next}`);this.value=[...this.value??[],...t],this.next=a,this.owner.requestUpdate()}};var ut=R`
  :host { display: block; padding: var(--gap) 1rem 3rem; }
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
`;var kt=3e4,zt=300,U=class extends F{static styles=[H,ut];constructor(){super(),this.retention=new y(this,"api/v1/retention"),this.queue=new y(this,"api/v1/queue"),this.stores=new y(this,"api/v1/stores"),this.cache=new y(this,"api/v1/cache"),this.audit=new A(this),this.unfolded={},this.isBusy=!1,this.soon=()=>{clearTimeout(this.timer),this.timer=window.setTimeout(()=>this.load(),zt)},this.redraw=()=>this.requestUpdate()}connectedCallback(){super.connectedCallback(),m.addEventListener("status",this.soon),m.addEventListener("cameras",this.redraw),m.stream.addEventListener("pass",this.soon),document.addEventListener("visibilitychange",this.soon),this.load()}disconnectedCallback(){super.disconnectedCallback(),m.removeEventListener("status",this.soon),m.removeEventListener("cameras",this.redraw),m.stream.removeEventListener("pass",this.soon),document.removeEventListener("visibilitychange",this.soon),clearTimeout(this.timer)}get canWrite(){return m.canWrite}get canWriteAll(){return m.canWriteAll}get alerts(){return m.alerts}async load(){if(clearTimeout(this.timer),document.hidden||!m.me)return;let t=[this.retention,this.queue,this.audit,...m.me.cameras===null?[this.stores]:[],...this.canWriteAll?[this.cache]:[]];await Promise.all(t.map(a=>a.load())),clearTimeout(this.timer),this.isConnected&&(this.timer=window.setTimeout(()=>this.load(),kt))}unfold(t,a){this.unfolded[t]=a,this.requestUpdate()}async act(t){this.isBusy=!0,this.requestUpdate();try{await t()}catch(a){q.notify(a.message,!0)}this.isBusy=!1,this.requestUpdate(),this.soon()}confirm({pass:t,refused:a}){this.act(()=>V(t,a.message))}run(){this.act(async()=>{let{count:t,size:a,days:s}=g(this.retention.value?.plan?.items??[]),n=[r("held-asks",{count:t,size:a,days:s})];t&&!await C({title:r("storage-run-title"),lines:n,action:r("storage-run")})||(G(await k("POST","api/v1/retention/run")),await m.refresh())})}restore({pass:t}){this.act(async()=>{let{items:a,left:s,kept_until:n}=await k("POST",`api/v1/queue/${encodeURIComponent(t)}/restore`);s.length?q.notify(r("not-all-restored",{count:s.length,why:s[0].problem}),!0):q.notify(r(n?"storage-restored-until":"storage-restored",{count:g(a).count,until:n?z(I(n)):""})),await m.refresh()})}prune(t){this.act(()=>k("POST",`api/v1/cache/prune?max_size=${t}`))}clearCache(){this.act(async()=>{await C({title:r("cache-clear"),lines:[r("cache-clear-what")],action:r("cache-clear")})&&await k("DELETE","api/v1/cache/entries")})}section(t,a,s,n=l){let{value:d,error:c,isAbsent:i}=a;return i?l:o`<section aria-labelledby=${t} aria-busy=${d||c?"false":"true"}>
      <div class="head"><h2 id=${t}>${r(`section-${t}`)}</h2>${d?n:l}</div>
      ${c?o`<p class="bad">${r("section-failed",{why:c})} <button @click=${()=>a.load()}>${r("storage-retry")}</button></p>`:l}
      ${d?s(d):c?l:o`<p class="soft">${r("storage-loading")}</p>`}</section>`}render(){let{retention:t}=this,a=this.canWriteAll&&t.value?.plan?.has_rule?o`<button ?disabled=${this.isBusy} @click=${this.run}>${r("storage-run")}</button>`:l;return o`<div class="all">
      ${t.value?tt(this,t.value):l}
      <section aria-labelledby="use"><h2 id="use">${r("section-use")}</h2>${nt(t.value)}</section>
      ${this.section("rules",t,s=>et(this,s),a)}
      ${t.value?.plan?.has_rule===!1?l:this.section("plan",t,s=>at(this,s))}
      ${this.section("queue",this.queue,s=>rt(this,s))}
      ${m.me?.cameras===null?this.section("stores",this.stores,dt):l}
      ${this.canWriteAll?this.section("cache",this.cache,s=>lt(this,s)):l}
      ${this.section("audit",this.audit,s=>ct(this,s))}
    </div>`}};customElements.define("owl-storage",U);export{U as Storage};
