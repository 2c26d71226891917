import{a as O,b as X,c as C,d as k,e as Z,f as ee,g as F,h as I,i as H,j as te,k as se,l as w}from"./chunk-A536X6II.js";import{a as N}from"./chunk-M3P3QYQP.js";import"./chunk-RQX2KRGN.js";import{a as g}from"./chunk-6ZMBCD7N.js";import{a as Q}from"./chunk-YN5UQM5H.js";import{a as f}from"./chunk-UDKH3KOP.js";import{a as x,b as o,d,e as Y,h as G}from"./chunk-GGQ5MLCW.js";import{A as _,D as j,F as S,G as W,H as J,I as l,a as u,b as v,c as q,h as E,l as U,m,p as a,q as b,r as V,u as T,v as y,w as L,x as $}from"./chunk-JOUONLS5.js";var ae=x`
  .details { display: flex; flex-direction: column; gap: .75rem; padding: .75rem; overflow-wrap: anywhere; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem .9rem; margin: 0; }
  dt { color: var(--soft); }
  dd { margin: 0; min-width: 0; }
  .details ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: .25rem; }
  .files { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
  .movie { display: flex; gap: .25rem; }
  .movie button { flex: 1; min-width: 0; white-space: normal; overflow-wrap: anywhere; }
`,fe={"camera-over":({limit:i})=>({limit:$(i)}),"archive-over":({limit:i})=>({limit:$(i)}),"free-space-under":({wanted:i})=>({wanted:$(i),isKnown:i?"yes":"no"})};function ge({expires:i}){if(!i)return"";let{at:e,rule:t}=i;if(t?.kind==="saved")return a("expires-saved");if(!e&&!t)return a("expires-no-rule");let s=fe[t?.kind]?.(t),r=s?a(`expires-${t.kind}`,s):Q(i);return e?a(s&&e>q(l.now)?"expires-estimate":"expires-at",{day:b(e),why:r}):r}function we(i){let e={open:a("recording"),complete:a("state-complete"),interrupted:a("state-interrupted")}[i.state];return[[a("camera"),i.camera],[a("start"),`${b(i.start.slice(0,10))}, ${y(i.start)}`],[a("length"),L(E(i))],[a("frames"),i.frames===null?a("not-measured"):i.frames?T(i.frames):""],[a("size"),$(i.bytes)],[a("strength"),i.peak_change===null?"":T(i.peak_change)],[a("state"),[e,i.saved?a("saved"):"",i.reviewed?a("reviewed"):""].filter(Boolean).join(", ")],[a("place"),!i.location||i.location==="local"?a("place-local"):a("place-store",{store:i.location})],[a("expires"),ge(i)]].filter(([,t])=>t)}function re(i,e,{href:t,copy:s,choose:r}){let n=i.id.replaceAll("/"," "),c=`${j(i.id)}.zip`;return o`<section class="details" aria-label=${a("details")}>
    <dl>${we(i).map(([h,p])=>o`<dt>${h}</dt><dd>${p}</dd>`)}</dl>
    ${i.problems.length?o`<ul class="bad">${i.problems.map(h=>o`<li>${h}</li>`)}</ul>`:d}
    ${ve(i,e,n,r)}
    <div class="files">
      ${i.video?o`<a class="button" href=${S(i.video)} download=${ne(n,i.video)}>
        ${g("download")}${a("download-movie")}</a>`:d}
      <a class="button" href=${c} download="${n}.zip">${g("download")}${a("download-zip")}</a>
    </div>
    <div class="files">
      <button @click=${s}>${a("copy-link")}</button>
      <a href=${t()} @pointerdown=${ie(t)} @focus=${ie(t)} @click=${h=>{!h.ctrlKey&&!h.metaKey&&!h.shiftKey&&h.preventDefault()}}>${a("link")}</a>
    </div>
  </section>`}var ie=i=>({currentTarget:e})=>{e.href=i()},ne=(i,e)=>i+e.slice(e.lastIndexOf("."));function ve(i,e,t,s){let r=i.videos.map(({name:n,bytes:c,url:h})=>({name:n,bytes:c,url:S(h)}));return i.debug_video&&!i.videos.some(({url:n})=>n===i.debug_video)&&r.push({name:a("debug-movie"),bytes:null,url:S(i.debug_video)}),r.length<2?d:o`<h3>${a("movies")}</h3><ul>${r.map(n=>o`<li class="movie">
    <button aria-pressed=${n.url===e} @click=${()=>s(n.url)}>${n.name}
      ${n.bytes===null?"":o`<small>${$(n.bytes)}</small>`}</button>
    <a class="button" href=${n.url} download="${t} ${ne(n.name.replace(/\.\w+$/,""),n.url)}"
      aria-label=${a("download-of",{name:n.name})}>${g("download")}</a></li>`)}</ul>`}var oe={" ":"toggle",k:"toggle",ArrowLeft:"back",ArrowRight:"forward",",":"frame-back",".":"frame-on",n:"next",p:"previous",s:"save",r:"review",Delete:"remove",f:"full",m:"mute","+":"zoom-in","=":"zoom-in","-":"zoom-out",0:"zoom-reset",o:"play-on","?":"help",Escape:"close"},be=["back","forward","frame-back","frame-on","zoom-in","zoom-out"],ye=[["Space","toggle"],["\u2190 \u2192","seek"],[", .","frame"],["n","next"],["p","previous"],["s","save"],["r","review"],["Del","remove"],["o","play-on"],["f","full"],["m","mute"],["+ \u2212 0","zoom"],["Esc","close"]];function le(i){if(i.altKey||i.ctrlKey||i.metaKey||i.defaultPrevented)return"";let e=i.composedPath()[0],t=oe[i.key]??oe[i.key.toLowerCase()]??"";return t==="close"?t:e.matches?.("textarea, select, input:not([type=range])")||i.key===" "&&e.closest?.("button")||i.repeat&&!be.includes(t)?"":t}function he(i){let e=ye.filter(([,t])=>i||!["save","remove"].includes(t));return o`<dl>${e.map(([t,s])=>o`<dt><kbd>${t}</kbd></dt><dd>${a(`key-${s}`)}</dd>`)}</dl>`}var $e=20;async function M(i,e){let t=n=>n.id!==i.id&&W(i,n)>0==e>0&&xe(n),s=Math.floor(u(i.start)/36e5)*36e5;if(l.hasHour(v(s).slice(0,13))){let n=l.eventsBetween(s,s+36e5).filter(t);if(n.length)return e>0?n.at(-1):n[0]}let r=J();r.set(e>0?"from":"to",i.start),r.set("order",e>0?"asc":"desc"),r.set("limit",String($e));for(let n="";;r.set("cursor",n)){let{events:c,next:h}=await _(`api/v1/events?${r}`),p=c.find(t);if(p)return p;if(n=h??"",!n)return null}}var A=i=>l.load(u(i.start),u(i.start)+1).catch(()=>{}),xe=i=>U(m.state.hours,Number(i.start.slice(11,13)));var ke=[.25,.5,1,2,4,8,16],ce=i=>`${Math.floor(i/60)}:${String(Math.floor(i%60)).padStart(2,"0")}`,de=({target:i})=>Number(i.value),B=(i,e,t,s=!1)=>o`<button class="plain" title=${i} aria-label=${i} ?disabled=${s}
  @click=${t}>${g(e)}</button>`;function me(i){let{isMuted:e,isPaused:t,screen:s}=i,[r,n]=[s?.currentTime??0,s&&Number.isFinite(s.duration)?s.duration:0],c=`${ce(r)} / ${ce(n)}`;return o`<div class="bar">
    ${B(t?a("play"):a("pause"),t?"play":"pause",()=>i.toggle(),!s)}
    <input type="range" min="0" max=${n||1} step="any" aria-label=${a("position")} aria-valuetext=${c} .value=${String(r)}
      ?disabled=${!s} @input=${h=>{s&&(s.currentTime=de(h))}}>
    <span class="time">${c}</span>
    <select aria-label=${a("speed")} title=${a("speed")} @change=${h=>i.setSpeed(de(h))}>
      ${ke.map(h=>o`<option value=${h} ?selected=${h===i.speed}>${h}×</option>`)}</select>
    ${s instanceof HTMLVideoElement?B(e?a("unmute"):a("mute"),e?"muted":"sound",()=>i.mute()):d}
    ${B(a("full-screen"),"full",()=>i.full())}
  </div>`}var pe=x`
  :host { display: flex; flex-direction: column; min-height: 0; background: var(--card); }
  .picture {
    position: relative; flex: 1 1 auto; min-height: 0; max-width: 100%; max-height: max(12rem, 100dvh - 8rem); aspect-ratio: 16 / 9;
    overflow: hidden; background: #000; color: #fff; display: grid; cursor: pointer; touch-action: pan-y; user-select: none;
  }
  .picture > :first-child { grid-area: 1 / 1; width: 100%; height: 100%; min-width: 0; min-height: 0; object-fit: contain; }
  owl-filmstrip { display: block; }
  owl-filmstrip canvas { display: block; width: 100%; height: 100%; object-fit: contain; }
  .blank { display: grid; place-items: center; padding: 1rem; text-align: center; overflow-wrap: anywhere; }
  .wall, .badge {
    position: absolute; top: .5rem; left: .5rem; padding: 0 .4rem; border-radius: .25rem; background: #000b; color: #fff;
    font-variant-numeric: tabular-nums; pointer-events: none;
  }
  .badge { left: auto; right: .5rem; background: #a3140e; }
  .said:not(:empty) {
    display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding: .4rem .75rem; border-bottom: 1px solid var(--line);
    overflow-wrap: anywhere;
  }
  .said label { display: flex; align-items: center; gap: .5rem; flex-wrap: wrap; }
  progress { accent-color: var(--mark); }
  .bar { display: flex; align-items: center; gap: .25rem; padding: .25rem .5rem; }
  .bar input { flex: 1; min-width: 3rem; margin: 0 .25rem; }
  .bar .plain { padding: .2rem .5rem; }
  .bar select { min-width: 0; padding: .2rem; }
  @media (max-width: 30rem) {
    .bar { flex-wrap: wrap; }
    .bar input { order: -1; flex: 1 0 100%; margin: 0; min-height: 32px; } /* long enough for a finger */
    .bar .time { flex: 1; }
  }
  .time { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .9rem; }
  :host(:fullscreen) { background: #000; }
  :host(:fullscreen) .bar, :host(:fullscreen) .said { background: var(--card); }
  :host(:fullscreen) .picture { aspect-ratio: auto; max-height: none; }
  @media (min-width: 1100px) { .picture { max-height: none; } }
`;var z=class{scale=1;#e=0;#t=0;#s=new Map;#a=0;constructor(e,t){this.surface=e,this.picture=t,new ResizeObserver(()=>{this.scale>1&&this.apply()}).observe(e),e.addEventListener("wheel",s=>{s.preventDefault(),this.by(Math.exp(-s.deltaY*.002),this.#i(s))},{passive:!1}),e.addEventListener("dblclick",s=>this.scale>1?this.reset():this.by(2.5,this.#i(s))),e.addEventListener("pointerdown",s=>this.#r(s)),e.addEventListener("pointermove",s=>this.#n(s));for(let s of["pointerup","pointercancel"])e.addEventListener(s,r=>this.#s.delete(r.pointerId))}get wasMoved(){return this.#a>6}#i({clientX:e,clientY:t}){let{left:s,top:r}=this.surface.getBoundingClientRect();return{x:e-s,y:t-r}}by(e,t={x:this.surface.clientWidth/2,y:this.surface.clientHeight/2}){let s=Math.min(8,Math.max(1,this.scale*e));this.#e=t.x-(t.x-this.#e)*s/this.scale,this.#t=t.y-(t.y-this.#t)*s/this.scale,this.scale=s,this.apply()}reset(){let e=this.scale>1;return this.scale=1,this.apply(),e}apply(){let{clientWidth:e,clientHeight:t}=this.surface;this.#e=Math.min(0,Math.max(e*(1-this.scale),this.#e)),this.#t=Math.min(0,Math.max(t*(1-this.scale),this.#t));let s=this.picture();s&&(s.style.transformOrigin="0 0",s.style.transform=this.scale>1?`translate(${this.#e}px, ${this.#t}px) scale(${this.scale})`:""),this.surface.style.touchAction=this.scale>1?"none":"pan-y"}#r(e){e.button||(this.#s.size||(this.#a=0),this.#s.set(e.pointerId,this.#i(e)))}#n(e){let t=this.#s.get(e.pointerId);if(!t)return;let s=this.#i(e),r=[...this.#s].find(([p])=>p!==e.pointerId)?.[1];this.#s.set(e.pointerId,s),this.#a+=Math.hypot(s.x-t.x,s.y-t.y),this.wasMoved&&this.scale>1&&this.surface.setPointerCapture(e.pointerId);let[n,c]=r?[(s.x-t.x)/2,(s.y-t.y)/2]:[s.x-t.x,s.y-t.y];this.#e+=n,this.#t+=c;let h=p=>r?Math.max(1,Math.hypot(p.x-r.x,p.y-r.y)):1;this.by(h(s)/h(t),r?{x:(s.x+r.x)/2,y:(s.y+r.y)/2}:void 0)}};var Ee=3,Oe=2*1e3,K=class extends Y{static properties={event:{attribute:!1},images:{attribute:!1},source:{attribute:!1},playsOn:{attribute:!1},failure:{state:!0},progress:{state:!0},speed:{state:!0}};static styles=[G,pe];constructor(){super(),this.event=void 0,this.images=void 0,this.source="",this.playsOn=!1,this.start=null,this.from=null,this.failure=null,this.progress=null,this.speed=1,this.screen=null,this.isShown=!1,this.isTold=!1,this.awaitsImages=!1,this.isMuted=!0,this.abort=new AbortController,this.prepared=null,this.again=()=>{l.status.kind==="ready"&&this.failure?.isPassing&&this.retry()}}connectedCallback(){super.connectedCallback(),l.addEventListener("status",this.again)}disconnectedCallback(){super.disconnectedCallback(),l.removeEventListener("status",this.again),this.abort.abort(),this.forgetPrepared(),this.put(null)}firstUpdated(){this.zoom=new z(this.renderRoot.querySelector(".picture"),()=>this.screen)}willUpdate(e){if(!this.event)return;let t=e.get("event"),s=e.has("event")&&t?.id!==this.event.id;s&&(this.from=this.start),s||e.has("source")?this.show():t?.state==="open"&&this.event.state!=="open"?this.complete():e.has("images")&&this.renewFrames()}async show(){this.abort.abort();let{signal:e}=this.abort=new AbortController;[this.failure,this.progress,this.isShown,this.isTold,this.awaitsImages]=[null,null,!1,!1,!1];let{event:t,source:s}=this,r=s||k(t),n=t.state==="open"&&!s;if(n&&(!this.images||this.frames.length))return this.showFrames(null);if(!r)return this.showFrames(this.images&&!this.frames.length?new O(a("movie-none")):null);if(n&&!C(r))return this.showFrames(new O(a("movie-open")));try{await this.showMovie(t,r,e)}catch(c){if(e.aborted)return;this.fail(c)}}async showMovie(e,t,s){let r=this.prepared?.id===e.id&&!this.source?this.prepared:null;r?this.prepared=null:this.forgetPrepared(),s.addEventListener("abort",()=>r?.abort.abort());let n=r?.video??F(e);this.put(n);let c=p=>{this.progress=p},h=r?.done??I(n,e,t,s,c);this.from!==null&&(this.wall=this.from),n.autoplay=this.playsByItself,await h,!s.aborted&&([this.progress,this.isShown,this.from]=[null,!0,null],this.playsByItself&&n.paused&&!n.ended&&n.play().catch(()=>{}),n.addEventListener("error",async()=>{this.from=this.wall;let p=await H(e,n.src);s.aborted||this.fail(p)},{signal:s}),te(n),this.tell("shown"))}fail(e){this.progress=null,this.tellFailed(e),this.showFrames(e)}tellFailed(e){this.isTold||this.tell("failed",e),this.isTold=!0}showFrames(e){let{frames:t}=this;if(!t.length||e?.isPassing){let r=this.images&&!e?.isPassing;this.failure=e??(r&&this.event.state==="open"?new O(a("movie-open")):null),this.awaitsImages=!e?.isPassing,this.put(null),r&&e&&this.event.state!=="open"&&this.tellFailed(e);return}this.failure=this.event.state==="open"?null:e,this.awaitsImages=!1;let s=new w;s.label=a("movie-of",{camera:this.event.camera}),s.isFollowing=this.event.state==="open",s.frames=t,this.from!==null&&(s.wall=this.from),this.from=null,s.addEventListener("loadeddata",()=>{this.isShown=!0,this.tell("shown")}),s.addEventListener("error",async()=>{let r=await H(this.event,s.frames[0]?.url??"");this.screen===s&&(this.from=s.wall,this.fail(r.isPassing?r:new O(a("frames-none"),{isPassing:!0})))}),this.put(s),(this.playsByItself||s.isFollowing)&&s.play()}get frames(){return ee(this.images??[],this.event)}renewFrames(){this.screen instanceof w?this.screen.isFollowing&&(this.screen.frames=this.frames):this.awaitsImages&&(this.failure?this.showFrames(this.failure):this.show())}complete(){let e=this.screen instanceof w?this.screen:null,t=e&&!e.isAtEnd;e&&(e.isFollowing=!1),t?e.frames=this.frames:(!(this.screen instanceof HTMLVideoElement)||this.failure)&&this.show()}retry(){this.show()}prepare(e){let t=k(e);if(!t||e.state==="open"||!C(t))return Promise.resolve();if(this.prepared?.id===e.id)return this.prepared.done;this.forgetPrepared();let[s,r]=[F(e),new AbortController],n=I(s,e,t,r.signal);return n.catch(()=>{}),this.prepared={id:e.id,video:s,abort:r,done:n},n}forgetPrepared(){this.prepared?.abort.abort(),this.prepared?.video.removeAttribute("src"),this.prepared=null}put(e){let t=this.screen;if(this.screen=e,t!==e&&(this.nearing=!1,t instanceof HTMLVideoElement?(t.pause(),t.removeAttribute("src"),t.load()):t?.pause(),this.zoom&&this.zoom.scale>1&&this.zoom.reset(),this.requestUpdate(),!!e)){e.playbackRate=this.speed,e instanceof HTMLVideoElement&&([e.defaultPlaybackRate,e.muted]=[this.speed,this.isMuted]);for(let s of["timeupdate","play","pause","durationchange","seeking","seeked","ratechange","volumechange"])e.addEventListener(s,()=>this.heard(e));e.addEventListener("ended",()=>{e===this.screen&&this.tell("ended")})}}heard(e){e!==this.screen||(this.requestUpdate(),!((e.duration-e.currentTime)/this.speed<=Ee)||this.nearing||e instanceof w&&e.isFollowing)||(this.nearing=!0,this.tell("nearing"))}tell(e,t){this.dispatchEvent(new CustomEvent(e,{detail:t}))}get begin(){let e=decodeURIComponent(this.source.split("/").at(-1)??"");return this.source!==k(this.event)&&Z(e,this.event)||u(this.event.start)}get wall(){return this.screen instanceof w?this.screen.wall:this.screen?this.begin+this.screen.currentTime*1e3:this.from??u(this.event.start)}set wall(e){this.screen instanceof w?this.screen.wall=e:this.screen&&(this.screen.currentTime=Math.max(0,(e-this.begin)/1e3))}get isVague(){let{screen:e}=this;return e instanceof HTMLVideoElement&&e.duration>0&&Math.abs(e.duration*1e3-E(this.event))>Oe}get playsByItself(){return this.playsOn||!matchMedia("(prefers-reduced-motion: reduce)").matches}get isPaused(){return this.screen?.paused??!0}toggle(){this.screen?.paused?this.screen.play().catch(()=>{}):this.screen?.pause()}seekBy(e){this.screen&&(this.screen.currentTime=Math.min(Math.max(0,this.screen.currentTime+e),this.screen.duration||1/0))}step(e){let{screen:t}=this;if(t instanceof w)return t.step(e);t?.pause(),t&&this.seekBy(e*se(t))}mute(){this.isMuted=!this.isMuted,this.screen&&(this.screen.muted=this.isMuted),this.requestUpdate()}setSpeed(e){this.speed=e,this.screen&&(this.screen.playbackRate=e),this.screen instanceof HTMLVideoElement&&(this.screen.defaultPlaybackRate=e)}full(){if(document.fullscreenElement)return document.exitFullscreen();let e=this.screen;return this.requestFullscreen?this.requestFullscreen().catch(()=>{}):e?.webkitEnterFullscreen?.()}unzoom(){return this.zoom?.reset()??!1}render(){if(!this.event)return d;let e=this.event.state==="open";return o`
      <div class="picture" @click=${()=>{this.zoom?.wasMoved||this.toggle()}}>${this.screen??this.still()}
        <span class="wall">${this.isVague?"\u2248 ":""}${y(v(this.wall))}</span>
        ${e?o`<span class="badge">${a("recording")}</span>`:d}</div>
      <div class="said" role="status">${this.said()}</div>
      ${me(this)}
    `}still(){let e=X(this.event,640),t=`${this.event.camera}, ${L(E(this.event))}`;return e&&!this.failure?.isPassing?o`<img src=${e} alt=${t}>`:o`<div class="blank">${t}</div>`}said(){let{failure:e,progress:t}=this;return t!==null?o`<label>${a("movie-making")} <progress max="1" .value=${t}></progress> ${Math.floor(t*100)} %</label>`:e?o`<span>${e.message}</span>
      ${e.isPassing?o`<button @click=${()=>this.retry()}>${a("try-again")}</button>`:d}`:d}};customElements.define("owl-stage",K);var Me=1e3,Le=150,ue=10,D=class extends N{static properties={event:{state:!0},source:{state:!0},problem:{state:!0},playsOn:{state:!0},showsHelp:{state:!0}};static styles=[...N.styles,ae,x`
    .body { flex: 1; min-height: 0; overflow: auto; overscroll-behavior: contain; }
    .main { display: flex; flex-direction: column; min-width: 0; }
    .problem { padding: 2rem 1rem; }
    /* The camera and the moment: on one line if there is room, else on two. Each is cut only if its line is too short. */
    .head h2 { display: flex; flex-wrap: wrap; column-gap: .35em; }
    .head h2 span { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .head .narrow { display: none; }
    .help {
      position: absolute; z-index: 1; right: .5rem; top: 3.5rem; max-height: calc(100% - 4rem); overflow: auto; padding: .75rem 1rem;
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round); box-shadow: 0 4px 16px var(--shade);
    }
    kbd { font: inherit; font-weight: 600; }
    @media (min-width: 1100px) {
      .body { display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr) 21rem; overflow: hidden; }
      .main, .details { overflow: auto; overscroll-behavior: contain; }
      .details { border-left: 1px solid var(--line); }
      owl-stage { flex: 1 0 16rem; }
      owl-others { flex: none; }
    }
    @media (max-width: 45rem) {
      .head { gap: 0; padding-inline: .25rem; justify-content: space-between; }
      .head .text { display: none; }
      .head h2 { padding-left: .5rem; font-size: 1rem; }
      .head .narrow { display: inline; }
      .head .wide { display: none; }
    }
    @media (max-width: 36rem) {
      .head h2 { order: -2; flex-basis: calc(100% - 4rem); }
      .head .close { order: -1; }
    }
    /* A low window has no room for a head that stays. */
    @media (max-height: 32rem) and (max-width: 1099px) { dialog { overflow: auto; } .body { flex: none; overflow: visible; } }
  `];constructor(){super(),this.event=null,this.details=null,this.source="",this.problem="",this.playsOn=!1,this.showsHelp=!1,this.coming=null,this.start=null,this.following=null,this.skipped=0,this.seen="",[this.timer,this.settling]=[0,0],this.stepping=Promise.resolve(),this.move=e=>{e.detail.event!==m.state.event&&this.arrive()},this.changed=e=>this.hear(e.detail),this.renew=()=>{this.requestUpdate(),this.problem&&l.status.kind==="ready"&&this.load()}}connectedCallback(){super.connectedCallback(),m.addEventListener("change",this.move),l.addEventListener("change",this.changed);for(let e of["status","cameras"])l.addEventListener(e,this.renew);this.arrive()}disconnectedCallback(){super.disconnectedCallback(),m.removeEventListener("change",this.move),l.removeEventListener("change",this.changed);for(let e of["status","cameras"])l.removeEventListener(e,this.renew);clearInterval(this.timer),clearTimeout(this.settling)}get stage(){return this.renderRoot?.querySelector("owl-stage")??null}get canChange(){return l.canWrite&&this.event?.location==="local"}arrive(){let{event:e,at:t}=m.state;if(!e)return;let s=l.get(e)??(this.coming?.id===e?this.coming:null);[this.details,this.source,this.problem,this.following]=[null,"","",null],this.seen=JSON.stringify(l.get(e)??null),this.coming?.id!==e&&(this.start=t?u(t):null),this.coming=null,this.become(s),this.load()}become(e){let{start:t}=this;e&&t!==null&&(t<u(e.start)-1e3||t>u(e.end)+1e3)&&(this.start=null),this.event=e,clearInterval(this.timer),e?.state==="open"&&(this.timer=window.setInterval(()=>{document.hidden||this.load()},Me+(e.images?.length??0)))}async load(){let e=m.state.event;if(e)try{let t=await l.fetch(e);if(e!==m.state.event||!this.isConnected)return;let s=!this.details;[this.details,this.problem]=[t,""],this.merge(),s&&A(t)}catch(t){if(e!==m.state.event||!this.isConnected)return;t.status===404?(f.notify(a(this.event?"event-gone":"event-none"),!0),this.leave()):this.problem=t.message}}merge(){let e=l.get(m.state.event);(e||this.details)&&this.become({...this.details,...e})}hear({events:e,all:t}){let s=m.state.event;if(!s||!t&&!e.has(s))return;let r=l.get(s),n=JSON.stringify(r??null);if(r&&n===this.seen&&!t)return;let c=this.seen!=="null";this.seen=n,r&&this.merge(),!(r&&!c&&!t)&&(clearTimeout(this.settling),this.settling=window.setTimeout(()=>this.load(),Le))}leave(){m.leave({event:""})}go(e,t=null){[this.coming,this.start]=[e,t],m.replace({event:e.id}),A(e)}step(e){this.stepping=this.stepping.then(async()=>{if(!this.event||!this.isConnected)return;let t=await M(this.event,e);t?this.go(t):f.notify(e>0?a("no-next"):a("no-previous"))}).catch(t=>f.notify(t.message,!0))}save(){this.event&&this.canChange&&f.save([this.event.id],!this.event.saved)}async review(e=!this.event?.reviewed){let{event:t}=this;!t||t.reviewed===e||(await f.review([t.id],e),!l.get(t.id)&&this.event?.id===t.id&&this.load())}async erase(){let{event:e}=this;if(!e||!this.canChange)return;if(e.saved||e.state==="open")return f.notify(e.saved?a("saved-stays"):a("open-stays"),!0);let t=await M(e,1).catch(()=>null)??await M(e,-1).catch(()=>null);this.event?.id===e.id&&(t?this.go(t):this.leave(),f.remove([e.id]))}async findNext(){let{event:e}=this,t=e?.id;for(;e&&this.event?.id===t&&(e=await M(e,1).catch(()=>null),!!e);)try{await this.stage?.prepare(e);break}catch(s){if(s.isPassing)break;this.skipped++}return e}near(){this.playsOn&&(this.following??=this.findNext())}async end(e){let{event:t}=this;if(!t||(e&&!t.reviewed&&this.review(!0),!this.playsOn))return;let s=await(this.following??=this.findNext());this.event?.id!==t.id||!this.playsOn||(this.following=null,s&&this.go(s),this.skipped&&f.notify(a("skipped",{count:this.skipped}),!0),this.skipped=0,s||(this.playsOn=!1))}fail(e){this.shown(),!(!this.playsOn||e.isPassing||this.event?.state==="open")&&(this.skipped++,this.end(!1))}async shown(){for(;!l.hasCameras;)await new Promise(e=>l.addEventListener("cameras",e,{once:!0}));l.cameras.length>1&&await import("./others-5Z7W6O2Y.js").catch(()=>{}),this.event&&this.isConnected&&this.renderRoot.querySelector("owl-others")?.look?.(this.event)}href(){return m.href({event:m.state.event,at:this.stage?v(this.stage.wall):""})}async copy(){let e=new URL(this.href(),location.href).href;try{await navigator.clipboard.writeText(e),f.notify(a("copied"))}catch{f.notify(e)}}press(e){let t=le(e),{stage:s}=this,r={toggle:()=>s?.toggle(),back:()=>s?.seekBy(-ue),forward:()=>s?.seekBy(ue),"frame-back":()=>s?.step(-1),"frame-on":()=>s?.step(1),next:()=>this.step(1),previous:()=>this.step(-1),save:()=>this.save(),review:()=>this.review(),remove:()=>this.erase(),full:()=>s?.full(),mute:()=>s?.mute(),"zoom-in":()=>s?.zoom?.by(1.25),"zoom-out":()=>s?.zoom?.by(.8),"zoom-reset":()=>s?.unzoom(),"play-on":()=>this.togglePlayOn(),help:()=>{this.showsHelp=!this.showsHelp},close:()=>this.escape()};r[t]&&(e.preventDefault(),r[t]())}escape(){this.showsHelp?this.showsHelp=!1:document.fullscreenElement?document.exitFullscreen():this.stage?.unzoom()||this.leave()}togglePlayOn(){this.playsOn=!this.playsOn,this.playsOn&&(this.stage?.screen?.ended?this.end(!0):this.stage?.nearing&&this.near())}render(){let{event:e}=this;return o`<dialog open tabindex="-1" aria-labelledby="title" @click=${t=>{t.detail&&t.composedPath()[0].closest("button")&&this.focusSheet()}}>
      ${this.head()}
      ${this.showsHelp?o`<section class="help" aria-label=${a("keys")}>${he(this.canChange)}</section>`:d}
      ${e?o`<div class="body">
        <div class="main">
          <owl-stage .start=${this.start} .playsOn=${this.playsOn} .event=${e} .images=${e.images} .source=${this.source}
            @shown=${this.shown} @nearing=${this.near} @ended=${()=>this.end(!0)}
            @failed=${({detail:t})=>this.fail(t)}></owl-stage>
          ${this.problem?o`<p class="details bad" role="alert">${a("not-known",{why:this.problem})}</p>`:d}
          <owl-others .event=${e} .stage=${this.stage}
            @choose=${({detail:t})=>this.go(t,this.stage?.wall)}></owl-others>
        </div>
        ${re(e,this.source||(k(e)??""),{href:()=>this.href(),copy:()=>this.copy(),choose:t=>{this.source=t}})}
      </div>`:o`<p class=${this.problem?"problem bad":"problem"} role="status">
        ${this.problem?a("not-known",{why:this.problem}):a("loading")}</p>`}
    </dialog>`}head(){let{event:e}=this;return o`<div class="head">
      ${e?this.heading(e):o`<h2 id="title">${m.state.event}</h2>`}
      ${e?o`
        ${this.button("previous","left",()=>this.step(-1))}
        ${this.button("next","right",()=>this.step(1))}
        <button class="plain" aria-label=${a("play-on")} aria-pressed=${this.playsOn} title="${a("play-on-title")} (O)"
          @click=${this.togglePlayOn}>${g("through")}<span class="text">${a("play-on")}</span></button>
        ${this.canChange?this.button("save","star",()=>this.save(),e.saved):d}
        ${this.button("review","check",()=>this.review(),!!e.reviewed)}
        ${this.canChange?this.button("remove","trash",()=>this.erase()):d}`:d}
      <button class="plain" aria-label=${a("keys")} title="${a("keys")} (?)" aria-expanded=${this.showsHelp}
        @click=${()=>{this.showsHelp=!this.showsHelp}}>?</button>
      <button class="plain close" aria-label=${a("close")} title="${a("close")} (Esc)" @click=${this.leave}>${g("close")}</button>
    </div>`}heading({camera:e,start:t}){let[s,r]=[t.slice(0,10),y(t)];return o`<h2 id="title" title="${e}, ${b(s)}, ${r}"><span>${e},</span>
      <span><span class="wide">${b(s)}</span><span class="narrow">${V(s)}</span>, ${r}</span></h2>`}button(e,t,s,r){let n={previous:"P",next:"N",save:"S",review:"R",remove:"Del"}[e],c=a(`key-${e}`);return o`<button class="plain" aria-label=${c} title="${c} (${n})" aria-pressed=${r??d}
      @click=${s}>${g(t,e==="save"&&r)}</button>`}};customElements.define("owl-player",D);
