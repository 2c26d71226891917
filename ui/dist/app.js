import{a as m}from"./parts/chunk-6ZMBCD7N.js";import{a as d}from"./parts/chunk-IKH2K2PK.js";import{a as $,b as o,d as i,e as b,h as y}from"./parts/chunk-GGQ5MLCW.js";import{E as p,I as g,m as s,w as l,y as v,z as a}from"./parts/chunk-EHVZNDWZ.js";var u={day:{load:()=>import("./parts/day-ZR3HLTDW.js"),show:()=>o`<owl-day></owl-day>`},calendar:{load:()=>import("./parts/calendar-6EPWCHGZ.js"),show:()=>o`<owl-calendar></owl-calendar>`},live:{load:()=>import("./parts/live-L6AMEKSC.js"),show:()=>o`<owl-live></owl-live>`},storage:{load:()=>import("./parts/storage-LSGLB3QS.js"),show:()=>o`<owl-storage></owl-storage>`}},T=8e3,f=class extends b{static properties={notice:{state:!0}};static styles=[y,$`
    :host { display: flex; flex-direction: column; min-height: 100dvh; }
    header {
      position: sticky; top: 0; z-index: 3; display: flex; align-items: center; gap: .25rem 1rem; min-height: var(--bar);
      padding: .25rem 1rem; background: var(--back); border-bottom: 1px solid var(--line);
    }
    h1 { font-size: 1.1rem; letter-spacing: .02em; }
    h1 a { display: flex; align-items: center; gap: .5rem; color: inherit; text-decoration: none; }
    nav { display: flex; gap: .25rem; }
    nav a { display: flex; align-items: center; gap: .4rem; padding: .35rem .7rem; border-radius: var(--round); color: inherit; text-decoration: none; }
    nav a:hover { background: var(--card); }
    nav a[aria-current] { background: var(--card); color: var(--mark); }
    .who { margin-left: auto; display: flex; align-items: center; gap: .5rem; color: var(--soft); min-width: 0; }
    .who span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .who form { margin: 0; }
    .told { padding: .5rem 1rem; border-bottom: 1px solid var(--line); background: var(--card); overflow-wrap: anywhere; }
    .told a { color: inherit; }
    main { flex: 1; display: flex; flex-direction: column; min-width: 0; }
    main > * { flex: 1; min-width: 0; }
    .low {
      position: fixed; z-index: 6; left: 50%; bottom: 1rem; transform: translateX(-50%); display: flex; align-items: center; gap: 1rem;
      max-width: calc(100vw - 2rem); padding: .5rem .75rem .5rem 1rem; background: var(--raised); border: 1px solid var(--edge);
      border-radius: var(--round); box-shadow: 0 4px 16px var(--shade);
    }
    .low.over { bottom: 5.5rem; }
    @media (max-width: 45rem) {
      header { padding: .25rem .75rem; }
      nav { position: fixed; z-index: 5; left: 0; right: 0; bottom: 0; justify-content: space-around; padding: .25rem .25rem max(.25rem, env(safe-area-inset-bottom));
        background: var(--back); border-top: 1px solid var(--line); }
      nav a { flex: 1; flex-direction: column; gap: 0; min-height: 44px; padding: .2rem; font-size: .75rem; }
      main { padding-bottom: 3.75rem; }
      .low, .low.over { bottom: 4.5rem; width: calc(100vw - 2rem); }
    }
  `];constructor(){super(),this.notice=null,this.loaded=new Set,this.noticeTimer=0;let e=()=>this.requestUpdate();for(let[t,r]of[[l,["status","cameras"]],[s,["change"]],[d,["undo"]]])for(let n of r)t.addEventListener(n,e);d.addEventListener("notice",t=>this.tell(t.detail))}tell(e){this.notice=e,clearTimeout(this.noticeTimer),this.noticeTimer=window.setTimeout(()=>{this.notice=null},T)}has(e,t){return this.loaded.has(e)?!0:(t().then(()=>{this.loaded.add(e),this.requestUpdate()},r=>this.tell({text:a("not-loaded",{why:r.message}),isBad:!0})),!1)}render(){let{view:e,event:t,pictures:r}=s.state;document.title=e==="day"?"Owlery":`${a(`view-${e}`)} \u2013 Owlery`;let n=t||r;return o`
      <header ?inert=${n}>
        <h1><a href=${location.pathname} @click=${this.home}><img src="icon.svg" alt="" width="24" height="24"><span>Owlery</span></a></h1>
        <nav aria-label=${a("views")}>${Object.keys(u).map(h=>this.link(h))}</nav>
        ${this.who()}
      </header>
      ${this.told()}
      <main ?inert=${n}>${this.has(e,u[e].load)?u[e].show():i}</main>
      ${t&&this.has("player",()=>import("./parts/player-BK3HDNIL.js"))?o`<owl-player></owl-player>`:i}
      ${r&&this.has("pictures",()=>import("./parts/pictures-OZRE55SE.js"))?o`<owl-pictures></owl-pictures>`:i}
      ${this.low()}
    `}link(e){let t={view:e,event:"",pictures:""};return o`<a href=${s.href(t)} aria-current=${s.state.view===e?"page":i}
      @click=${r=>w(r,t)}>${m(e)}<span>${a(`view-${e}`)}</span></a>`}home(e){w(e,{view:"day",day:"",at:"",event:"",pictures:""})}who(){let{me:e,zone:t}=l;return o`<div class="who">
      ${t?o`<small title=${a("zone")}>UTC${t}</small>`:i}
      ${e?.signed_in?o`<span>${e.name}</span>`:i}
      ${e?.session?o`<form method="post" action="logout"><button class="plain">${a("sign-out")}</button></form>`:i}
    </div>`}told(){let{kind:e,why:t,days:r,daysDone:n}=l.status,h=r?a("progress",{done:p(n??0),days:p(r),percent:Math.floor(100*(n??0)/r)}):"";return o`
      <div role="status">${e==="away"?o`<p class="told bad">${t?a("away-why",{why:t}):a("away")}</p>`:i}
        ${e==="reading"?o`<p class="told">${t} ${h}</p>`:i}
        ${e==="refused"?o`<p class="told bad">${a("refused",{why:t})}</p>`:i}</div>
      ${l.alerts.map(x=>o`<p class="told bad" role="alert">${this.confirmation(x)}
        ${s.state.view==="storage"?i:o`<a href=${s.href({view:"storage"})}
          @click=${k=>w(k,{view:"storage"})}>${a("view-storage")}</a>`}</p>`)}`}confirmation(e){let t=e.match(/ confirm(?: it|ed) with: owlery .* --confirm (\w+)$/)?.[1];if(!t||!l.canWriteAll)return e;let r=()=>import("./parts/held-QUFAVPC7.js").then(({confirmHeld:n})=>n(t,e),n=>d.notify(n.message,!0));return o`${g(e)} <button @click=${r}>${a("held-confirm")}</button>`}low(){let{undoable:e}=d,t=s.state.event?"low over":"low";return this.notice?o`<div class=${t} role="alert"><span class=${this.notice.isBad?"bad":""}>${this.notice.text}</span>
      <button class="plain" aria-label=${a("close")} @click=${()=>{this.notice=null}}>${m("close")}</button></div>`:e?o`<div class=${t} role="status"><span>${a("deleted",{count:e.count})}</span>
      <button class="strong" @click=${()=>d.undo()}>${a("undo")}</button>
      <button class="plain" aria-label=${a("close")} @click=${()=>d.forgetUndo()}>${m("close")}</button></div>`:i}};function w(c,e){c.ctrlKey||c.metaKey||c.shiftKey||c.button||(c.preventDefault(),s.go(e))}await v();customElements.define("owl-app",f);l.start();
