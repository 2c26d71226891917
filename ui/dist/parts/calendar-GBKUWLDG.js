import{a as y}from"./chunk-6ZMBCD7N.js";import{a as _,b as x,c as q}from"./chunk-32WQTYBD.js";import{a as $}from"./chunk-YN5UQM5H.js";import{a as S,b as h,d as f,e as I,h as U}from"./chunk-GGQ5MLCW.js";import{A as C,I as o,a as N,c as b,d as m,e as g,f as A,m as p,n as w,p as l,q as P,s as z,t as O,u as T}from"./chunk-JOUONLS5.js";var R=7;function J(a,e){let r=a.find(s=>s.startsWith(`${e}=`)&&!s.slice(e.length+1).includes("="))?.slice(e.length+1)??a.find(s=>!s.includes("="));return r===void 0||r==="forever"?null:Number(r)}function F({rules:a,plan:e},t,r){let s=new Map,n=(i,d)=>s.set(i,[...s.get(i)??[],d]);for(let i of e?.items??[]){let{camera:d,day:c}=i;t.includes(d)&&n(c,{camera:d,isNext:!0,text:l("calendar-goes-next",{camera:d,why:$(i)})})}for(let i of t){let d=J(a.keep_days??[],i);if(d!==null)for(let c=1;c<=R;c++){let u=$({rule:{kind:"older-than",days:d}});n(m(r,c-d-1),{camera:i,isNext:!1,text:l("calendar-goes",{camera:i,days:c,why:u})})}}return s}var W=S`
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
`;var j=6,V=300,B=5,G=(()=>{let a=new Intl.Locale(w);return(a.getWeekInfo?.()??a.weekInfo)?.firstDay??1})(),M=a=>(new Date(N(a)).getUTCDay()+7-G%7)%7,Q=a=>a<1e5?T(a):new Intl.NumberFormat(w,{notation:"compact"}).format(a),E=class extends I{static properties={months:{state:!0},focused:{state:!0},error:{state:!0}};static styles=[U,_,W];constructor(){super(),this.months=j,this.focused="",this.error="",this.retention=null,this.expiries=new Map,this.most=1,this.loadedFor="",this.isPlaced=!1,this.redraw=()=>this.requestUpdate(),this.again=()=>{o.status.kind==="ready"&&this.error&&this.load()},this.plan=()=>{clearTimeout(this.timer),this.timer=window.setTimeout(()=>this.loadPlan(),V)},this.observer=new IntersectionObserver(e=>{e.some(({isIntersecting:t})=>t)&&this.hasMore&&(this.months+=j)},{rootMargin:"600px"})}connectedCallback(){super.connectedCallback();for(let e of["change","cameras"])o.addEventListener(e,this.redraw);o.addEventListener("status",this.again),o.addEventListener("refresh",this.plan),o.stream.addEventListener("pass",this.plan),p.addEventListener("change",this.redraw),this.focused=p.state.day,this.loadPlan()}disconnectedCallback(){super.disconnectedCallback();for(let e of["change","cameras"])o.removeEventListener(e,this.redraw);o.removeEventListener("status",this.again),o.removeEventListener("refresh",this.plan),o.stream.removeEventListener("pass",this.plan),p.removeEventListener("change",this.redraw),clearTimeout(this.timer),this.observer.disconnect()}async loadPlan(){this.retention=await C("api/v1/retention").catch(()=>null),this.requestUpdate()}get today(){return b(o.now)}get span(){let{range:e}=o;return e?{first:e.first,last:e.last>this.today?e.last:this.today}:null}get allMonths(){return this.span?A(this.span.first,this.span.last).reverse():[]}get hasMore(){return this.months<this.allMonths.length}async load(){let e=this.allMonths.slice(0,this.months);if(e.length!==0)try{await o.loadDays(`${e.at(-1)}-01`,g(e[0])),this.error=""}catch(t){this.error=t.message,o.fail(t)}}willUpdate(){let{span:e}=this;e&&!(this.focused>=e.first&&this.focused<=e.last)&&(this.focused=this.today<=e.last?this.today:e.last),this.ensure(this.focused)}updated(){let e=`${this.months} ${this.span?.first} ${this.span?.last}`;this.span&&e!==this.loadedFor&&this.load(),this.loadedFor=e;let t=this.renderRoot.querySelector(".end");this.observer.disconnect(),t&&this.observer.observe(t),this.span&&!this.isPlaced&&(this.isPlaced=!0,p.state.day&&this.link(this.focused)?.scrollIntoView({block:"center"}))}ensure(e){let t=this.allMonths.indexOf(e.slice(0,7));t>=this.months&&(this.months=t+2)}link(e){return this.renderRoot.querySelector(`a[data-day="${e}"]`)}async press(e){let{span:t}=this,r=e.target.dataset.day;if(!t||!r||e.ctrlKey||e.altKey||e.metaKey)return;let s=Y(r,e.key);s&&(e.preventDefault(),this.focused=s<t.first?t.first:s>t.last?t.last:s,this.ensure(this.focused),await this.updateComplete,this.link(this.focused)?.focus())}render(){if(!this.span)return h`<div class="all">${x()}<p>${l(o.status.kind==="loading"?"calendar-loading":"calendar-empty")}</p></div>`;let e=this.allMonths.slice(0,this.months),t=p.state.cameras.length?p.state.cameras:o.cameras.map(({name:r})=>r);return this.expiries=this.retention?F(this.retention,t,this.today):new Map,this.most=this.reference(e),h`<div class="all">
      ${x()}
      ${this.error?h`<p class="bad">${l("calendar-failed",{why:this.error})} <button @click=${this.load}>${l("calendar-retry")}</button></p>`:f}
      ${this.legend()}
      <div class="months" @keydown=${this.press}>${e.map(r=>this.month(r))}</div>
      <div class="end"></div>
    </div>`}reference(e){let t=o.daysBetween(`${e.at(-1)}-01`,g(e[0])).map(r=>k(r).events).filter(Boolean).sort((r,s)=>r-s);return t[Math.floor(.95*(t.length-1))]??1}legend(){let e=Array.from({length:B},(t,r)=>h`<span class="swatch shade-${r+1}"></span>`);return h`<p class="legend soft"><span>${l("calendar-fewer")} ${e} ${l("calendar-more")}</span>
      <span><i class="dot"></i> ${l("calendar-unreviewed")}</span><span class="star">${y("star",!0)} ${l("calendar-saved")}</span>
      ${this.expiries.size?h`<span><span class="swatch goes-next"></span> ${l("calendar-next")}</span>
        <span><span class="swatch goes-soon"></span> ${l("calendar-soon")}</span>`:f}</p>`}month(e){let t=`${e}-01`,r=Number(g(e).slice(8)),s=M(t),n=Array.from({length:Math.ceil((s+r)/7)},(d,c)=>m(t,7*c-s)),i=o.daysBetween(t,g(e)).reduce((d,c)=>d+k(c).events,0);return h`<section><h2 id=${e}>${z(t)}</h2> <span class="soft">${l("calendar-events",{count:i})}</span>
      <table role="grid" aria-labelledby=${e}>
      <thead><tr>${Array.from({length:7},(d,c)=>h`<th scope="col">${O(m(n[0],c))}</th>`)}</tr></thead>
      <tbody>${n.map(d=>h`<tr>${Array.from({length:7},(c,u)=>this.cell(m(d,u),e))}</tr>`)}</tbody></table></section>`}cell(e,t){let{span:r,today:s}=this;if(!e.startsWith(t))return h`<td></td>`;if(!r||e<r.first||e>r.last)return h`<td><span class="day soft">${Number(e.slice(8))}</span></td>`;let{events:n,saved:i,unreviewed:d,loose:c}=k(e),u=n>i||c?this.expiriesOf(e):[],H=u.length===0?"":u.some(({isNext:v})=>v)?"goes-next":"goes-soon",K=n?Math.max(1,Math.ceil(B*Math.sqrt(Math.min(1,n/this.most)))):0,L={view:"day",day:e,at:""},D=u.map(({text:v})=>v).join(`
`);return h`<td><a href=${p.href(L)} data-day=${e} tabindex=${e===this.focused?"0":"-1"} class="day shade-${K} ${H}"
      aria-current=${e===s?"date":f} title=${D||f}
      @click=${q(L)} @focus=${()=>{this.focused=e}}>
      <span class="top" aria-hidden="true">${Number(e.slice(8))}
        ${i?h`<span class="star">${y("star",!0)}</span>`:f}
        ${d?h`<i class="dot"></i>`:f}</span>
      <b aria-hidden="true" class=${n>9999?"long":""}>${n?Q(n):c?"\xB7":""}</b>
      <span class="visually-hidden">${X({day:e,events:n,saved:i,unreviewed:d,loose:c},D)}</span></a></td>`}expiriesOf(e){let t=o.counts(e);return(this.expiries.get(e)??[]).filter(({camera:r})=>t.some(s=>s.camera===r&&(s.events>s.saved||s.loose)))}};function k(a){let[e,t,r,s]=[0,0,0,0];for(let n of o.counts(a))e+=n.events,t+=n.saved,r+=n.reviewed===void 0?0:n.events-n.reviewed,s+=n.loose;return{events:e,saved:t,unreviewed:r,loose:s}}function X({day:a,events:e,saved:t,unreviewed:r,loose:s},n){let i=[`${P(a)}: ${l("calendar-events",{count:e})}`];return r&&i.push(l("calendar-count-unreviewed",{count:r})),t&&i.push(l("calendar-count-saved",{count:t})),s&&i.push(l("calendar-count-loose",{count:s})),[i.join(", "),...n?[n]:[]].join(". ")}function Y(a,e){let t=r=>{let s=b(m(`${a.slice(0,7)}-01`,r>0?32:-1)).slice(0,7),n=g(s);return`${s}${a.slice(7)}`<n?`${s}${a.slice(7)}`:n};switch(e){case"ArrowLeft":return m(a,-1);case"ArrowRight":return m(a,1);case"ArrowUp":return m(a,-7);case"ArrowDown":return m(a,7);case"Home":return m(a,-M(a));case"End":return m(a,6-M(a));case"PageUp":return t(-1);case"PageDown":return t(1);default:return null}}customElements.define("owl-calendar",E);
