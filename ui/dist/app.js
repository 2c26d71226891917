import{a as w}from"./parts/chunk-6ZMBCD7N.js";import{a as c}from"./parts/chunk-UDKH3KOP.js";import{a as k,b as o,d as r,e as E,h as T}from"./parts/chunk-GGQ5MLCW.js";import{I as d,m as l,o as b,p as a,u as f,y as x,z as y}from"./parts/chunk-JOUONLS5.js";var O=new BroadcastChannel(`owlery ${location.pathname}`);O.addEventListener("message",()=>y("api/v1/me").catch(()=>{}));async function z(n){n.preventDefault();let e=n.target;if(!(await fetch(e.action,{method:"POST"}).catch(()=>null))?.ok)return e.submit();O.postMessage(""),location.assign("login")}var v={day:{load:()=>import("./parts/day-PZYGUMQW.js"),show:()=>o`<owl-day></owl-day>`},calendar:{load:()=>import("./parts/calendar-GBKUWLDG.js"),show:()=>o`<owl-calendar></owl-calendar>`},live:{load:()=>import("./parts/live-ODMAQ734.js"),show:()=>o`<owl-live></owl-live>`},storage:{load:()=>import("./parts/storage-ZGW7BVZO.js"),show:()=>o`<owl-storage></owl-storage>`}},U=8e3,q=3e3,$=class extends E{static properties={notice:{state:!0}};static styles=[T,k`
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
    main.waits > * { visibility: hidden; }
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
    /* Of a low window all is left to what one looks at. */
    @media (max-height: 32rem) { header { position: relative; } }
    @media (max-width: 45rem) and (max-height: 32rem) {
      nav { position: static; flex: 1; padding: 0; border: 0; }
      main { padding-bottom: 0; }
      .low { bottom: .5rem; }
    }
    @media (max-width: 32rem) and (max-height: 32rem) {
      header { flex-wrap: wrap; }
      nav { order: 1; flex: 1 0 100%; }
    }
  `];constructor(){super(),this.notice=null,this.modules=new Map,this.noticeTimer=0,this.hadFocus=!1;let e=()=>this.requestUpdate();for(let[t,i]of[[d,["status","cameras"]],[l,["change"]],[c,["undo"]]])for(let s of i)t.addEventListener(s,e);c.addEventListener("notice",t=>this.tell(t.detail))}tell(e){this.notice=e,clearTimeout(this.noticeTimer),this.noticeTimer=window.setTimeout(()=>{this.notice=null},U)}has(e,t){let i=this.modules.get(e);return i!==void 0?i:(this.modules.set(e,!1),t().then(()=>{this.modules.set(e,!0),this.requestUpdate()},s=>{this.tell({text:a("not-loaded",{why:s.message}),isBad:!0}),setTimeout(()=>{this.modules.delete(e),this.requestUpdate()},q)}),!1)}willUpdate(){let{activeElement:e}=this.renderRoot;this.hadFocus=e!==null&&e.closest(".low")!==null}updated(){this.hadFocus&&!this.renderRoot.activeElement&&this.passFocus()}passFocus(){dispatchEvent(new Event("focus-left"));let e=this.renderRoot.querySelector("main");this.renderRoot.activeElement||e.inert||(e.tabIndex=-1,e.addEventListener("blur",()=>e.removeAttribute("tabindex"),{once:!0}),e.focus({preventScroll:!0}))}render(){let{view:e,event:t,pictures:i}=l.state;document.title=e==="day"?"Owlery":`${a(`view-${e}`)} \u2013 Owlery`;let s=t||i,{kind:m}=d.status,p=this.has(e,v[e].load),u=m==="loading"||!d.hasCameras&&["ready","reading"].includes(m);return o`
      <header ?inert=${s}>
        <h1><a href=${location.pathname} @click=${this.home}><img src="icon.svg" alt="" width="24" height="24"><span>Owlery</span></a></h1>
        <nav aria-label=${a("views")}>${Object.keys(v).map(h=>this.link(h))}</nav>
        ${this.who()}
      </header>
      ${this.told()}
      <main ?inert=${s} class=${u?"waits":""}>${p&&(!u||e==="day")?v[e].show():r}</main>
      ${t&&this.has("player",()=>import("./parts/player-4PH7IHWA.js"))?o`<owl-player></owl-player>`:r}
      ${i&&this.has("pictures",()=>import("./parts/pictures-GYNPPFFF.js"))?o`<owl-pictures></owl-pictures>`:r}
      ${this.low()}
    `}link(e){let t={view:e,event:"",pictures:"",page:0};return o`<a href=${l.href(t)} aria-current=${l.state.view===e?"page":r}
      @click=${i=>g(i,t)}>${w(e)}<span>${a(`view-${e}`)}</span></a>`}home(e){g(e,{view:"day",day:"",at:"",event:"",pictures:""})}who(){let{me:e,zone:t}=d;return o`<div class="who">
      ${t?o`<small title=${a("zone")}>UTC${t}</small>`:r}
      ${e?.signed_in?o`<span>${e.name}</span>`:r}
      ${e?.session?o`<form method="post" action="logout" @submit=${z}><button class="plain">${a("sign-out")}</button></form>`:r}
    </div>`}told(){let{kind:e,why:t,isSilent:i,parts:s,days:m,daysDone:p}=d.status,u=m?a("progress",{done:f(p??0),days:f(m),percent:Math.floor(100*(p??0)/m)}):"";return o`
      <div role="status">${e==="away"?o`<p class="told bad">${t?a("away-why",{why:t}):a(i?"away-silent":"away")}</p>`:r}
        ${e==="reading"?o`<p class="told">${[t,...s.map(h=>a(`waits-${h}`)),u].filter(Boolean).join(" ")}</p>`:r}
        ${e==="refused"?o`<p class="told bad">${a("refused",{why:t})}</p>`:r}</div>
      ${d.alerts.map(h=>o`<p class="told bad" role="alert">${this.confirmation(h)}
        ${l.state.view==="storage"?r:o`<a href=${l.href({view:"storage"})}
          @click=${R=>g(R,{view:"storage"})}>${a("view-storage")}</a>`}</p>`)}`}confirmation(e){let t=e.match(/ (?:confirm it|confirmed|remove it) with: owlery .* --confirm (\w+)$/)?.[1];if(!t||!d.canWriteAll)return e;let i=()=>import("./parts/held-NA4VNR6U.js").then(({confirmHeld:s})=>s(t,e),s=>c.notify(s.message,!0));return o`${x(e)} <button @click=${i}>${a("held-confirm")}</button>`}low(){let{undoable:e}=c,t=l.state.event?"low over":"low";return this.notice?o`<div class=${t} role="alert"><span class=${this.notice.isBad?"bad":""}>${this.notice.text}</span>
      <button class="plain" aria-label=${a("close")} @click=${()=>{this.notice=null}}>${w("close")}</button></div>`:e?o`<div class=${t} role="status"><span>${a("deleted",{count:e})}</span>
      <button class="strong" @click=${()=>c.undo()}>${a("undo")}</button>
      <button class="plain" aria-label=${a("close")} @click=${()=>c.forgetUndo()}>${w("close")}</button></div>`:r}};function g(n,e){n.ctrlKey||n.metaKey||n.shiftKey||n.button||(n.preventDefault(),l.go(e))}d.start();await b();customElements.define("owl-app",$);
