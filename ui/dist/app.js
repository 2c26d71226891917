import{a as m}from"./parts/chunk-6ZMBCD7N.js";import{a as d}from"./parts/chunk-MAVER36C.js";import{a as b,b as o,d as s,e as y,h as x}from"./parts/chunk-GGQ5MLCW.js";import{E as u,I as $,m as n,w as l,y as g,z as a}from"./parts/chunk-SON4QD6V.js";var w={day:{load:()=>import("./parts/day-NGSX6DO6.js"),show:()=>o`<owl-day></owl-day>`},calendar:{load:()=>import("./parts/calendar-PICWTDEP.js"),show:()=>o`<owl-calendar></owl-calendar>`},live:{load:()=>import("./parts/live-DMNUFQAR.js"),show:()=>o`<owl-live></owl-live>`},storage:{load:()=>import("./parts/storage-RYC5WLRV.js"),show:()=>o`<owl-storage></owl-storage>`}},T=8e3,E=3e3,v=class extends y{static properties={notice:{state:!0}};static styles=[x,b`
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
    main.waits { visibility: hidden; }
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
  `];constructor(){super(),this.notice=null,this.modules=new Map,this.noticeTimer=0;let e=()=>this.requestUpdate();for(let[t,i]of[[l,["status","cameras"]],[n,["change"]],[d,["undo"]]])for(let r of i)t.addEventListener(r,e);d.addEventListener("notice",t=>this.tell(t.detail))}tell(e){this.notice=e,clearTimeout(this.noticeTimer),this.noticeTimer=window.setTimeout(()=>{this.notice=null},T)}has(e,t){let i=this.modules.get(e);return i!==void 0?i:(this.modules.set(e,!1),t().then(()=>{this.modules.set(e,!0),this.requestUpdate()},r=>{this.tell({text:a("not-loaded",{why:r.message}),isBad:!0}),setTimeout(()=>{this.modules.delete(e),this.requestUpdate()},E)}),!1)}render(){let{view:e,event:t,pictures:i}=n.state;document.title=e==="day"?"Owlery":`${a(`view-${e}`)} \u2013 Owlery`;let r=t||i,h=!l.hasCameras&&["loading","ready","reading"].includes(l.status.kind);return o`
      <header ?inert=${r}>
        <h1><a href=${location.pathname} @click=${this.home}><img src="icon.svg" alt="" width="24" height="24"><span>Owlery</span></a></h1>
        <nav aria-label=${a("views")}>${Object.keys(w).map(p=>this.link(p))}</nav>
        ${this.who()}
      </header>
      ${this.told()}
      <main ?inert=${r} class=${h?"waits":""}>${this.has(e,w[e].load)?w[e].show():s}</main>
      ${t&&this.has("player",()=>import("./parts/player-F6E7KDMI.js"))?o`<owl-player></owl-player>`:s}
      ${i&&this.has("pictures",()=>import("./parts/pictures-25UJP2TC.js"))?o`<owl-pictures></owl-pictures>`:s}
      ${this.low()}
    `}link(e){let t={view:e,event:"",pictures:"",page:0};return o`<a href=${n.href(t)} aria-current=${n.state.view===e?"page":s}
      @click=${i=>f(i,t)}>${m(e)}<span>${a(`view-${e}`)}</span></a>`}home(e){f(e,{view:"day",day:"",at:"",event:"",pictures:""})}who(){let{me:e,zone:t}=l;return o`<div class="who">
      ${t?o`<small title=${a("zone")}>UTC${t}</small>`:s}
      ${e?.signed_in?o`<span>${e.name}</span>`:s}
      ${e?.session?o`<form method="post" action="logout"><button class="plain">${a("sign-out")}</button></form>`:s}
    </div>`}told(){let{kind:e,why:t,days:i,daysDone:r}=l.status,h=i?a("progress",{done:u(r??0),days:u(i),percent:Math.floor(100*(r??0)/i)}):"";return o`
      <div role="status">${e==="away"?o`<p class="told bad">${t?a("away-why",{why:t}):a("away")}</p>`:s}
        ${e==="reading"?o`<p class="told">${t} ${h}</p>`:s}
        ${e==="refused"?o`<p class="told bad">${a("refused",{why:t})}</p>`:s}</div>
      ${l.alerts.map(p=>o`<p class="told bad" role="alert">${this.confirmation(p)}
        ${n.state.view==="storage"?s:o`<a href=${n.href({view:"storage"})}
          @click=${k=>f(k,{view:"storage"})}>${a("view-storage")}</a>`}</p>`)}`}confirmation(e){let t=e.match(/ (?:confirm it|confirmed|remove it) with: owlery .* --confirm (\w+)$/)?.[1];if(!t||!l.canWriteAll)return e;let i=()=>import("./parts/held-6A4STFXR.js").then(({confirmHeld:r})=>r(t,e),r=>d.notify(r.message,!0));return o`${$(e)} <button @click=${i}>${a("held-confirm")}</button>`}low(){let{undoable:e}=d,t=n.state.event?"low over":"low";return this.notice?o`<div class=${t} role="alert"><span class=${this.notice.isBad?"bad":""}>${this.notice.text}</span>
      <button class="plain" aria-label=${a("close")} @click=${()=>{this.notice=null}}>${m("close")}</button></div>`:e?o`<div class=${t} role="status"><span>${a("deleted",{count:e.count})}</span>
      <button class="strong" @click=${()=>d.undo()}>${a("undo")}</button>
      <button class="plain" aria-label=${a("close")} @click=${()=>d.forgetUndo()}>${m("close")}</button></div>`:s}};function f(c,e){c.ctrlKey||c.metaKey||c.shiftKey||c.button||(c.preventDefault(),n.go(e))}l.start();await g();customElements.define("owl-app",v);
