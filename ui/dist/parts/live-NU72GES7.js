import{a as f}from"./chunk-6ZMBCD7N.js";import{a as z,b as P,c as g}from"./chunk-C5YBOD6A.js";import{d as T}from"./chunk-7QN2F4KD.js";import{a as u,b as r,d as l,e as p,g as L,h as w}from"./chunk-GGQ5MLCW.js";import{F as A,b as x,c as E,m as h,n as b,o as S,t as C,w as o,z as a}from"./chunk-LXPOODYY.js";var j=1.9*1e3,D=12*1e3,O=1e3,B=3*1e3,R=30*1e3,G=15*1e3,_=16e6,F={free:3,waiting:[],async take(d){this.free>0?this.free--:await new Promise(t=>this.waiting.push(()=>t(void 0)));try{return await d()}finally{let t=this.waiting.shift();t?t():this.free++}}},$=class{#t=new Uint8Array(0);#a=new TextDecoder("latin1");constructor(t){this.reader=t.getReader()}async#e(){let{done:t,value:e}=await this.reader.read();if(t)throw new Error(a("live-ended"));return e}async next(){let t=Number((await this.#i()).match(/content-length: *(\d+)/i)?.[1]);if(!(t<=_))throw new Error(a("live-unknown"));let e=new Uint8Array(t);for(let i=0;;){let s=this.#t.subarray(0,t-i);if(e.set(s,i),i+=s.length,this.#t=this.#t.subarray(s.length),i===t)return e;this.#t=await this.#e()}}async#i(){for(;;){let t=this.#a.decode(this.#t),e=t.indexOf(`\r
\r
`);if(e>=0)return this.#t=this.#t.subarray(e+4),t.slice(0,e);if(t.length>4096)throw new Error(a("live-unknown"));let i=await this.#e(),s=new Uint8Array(this.#t.length+i.length);s.set(this.#t),s.set(i,this.#t.length),this.#t=s}}},v=class extends EventTarget{why="";#t=new AbortController;#a=null;#e=0;#i=0;#s=null;constructor(t,e){super(),this.path=`live/${encodeURIComponent(t)}`,this.mayStream=e}async start(){this.#n();let t=0;for(let e=0;!this.#t.signal.aborted;){let i=Date.now(),s=this.mayStream&&i>=e;try{await this.#h(s),t&&(e=0),t=0,await this.#l(O)}catch(n){if(this.#t.signal.aborted)return;clearTimeout(this.#i),this.why=n.name==="TimeoutError"||n.name==="AbortError"?a("live-silent"):n.message,s?e=Date.now()-i>R?0:Date.now()+R:await this.#l(Math.min(G,1e3*2**t++))}}}stop(){this.#t.abort(),this.#a?.abort(),this.#s?.(),clearTimeout(this.#e),clearTimeout(this.#i)}again(){this.#s?.()}async#h(t){let e=this.#a=new AbortController;if(!t)return F.take(async()=>{let n=AbortSignal.any([e.signal,AbortSignal.timeout(B)]);await this.#r(await(await b(`${this.path}/still.jpg`,{signal:n})).arrayBuffer())});this.#o();let{body:i}=await b(this.path,{signal:e.signal}),s=new $(i);for(;;)await this.#r(await s.next()),this.#o()}async#r(t){let e=await createImageBitmap(new Blob([t],{type:"image/jpeg"})).catch(()=>{throw new Error(a("live-unknown"))});if(this.#t.signal.aborted)return e.close();this.why="",this.#n(),this.dispatchEvent(new CustomEvent("picture",{detail:e}))}#n(){clearTimeout(this.#e),this.#e=window.setTimeout(()=>{this.dispatchEvent(new CustomEvent("outage")),this.#e=window.setInterval(()=>this.dispatchEvent(new CustomEvent("outage")),1e3)},j)}#o(){clearTimeout(this.#i),this.#i=window.setTimeout(()=>this.#a?.abort(),D)}#l(t){return new Promise(e=>{this.#s=()=>e(void 0),setTimeout(e,t)})}};var y=class extends p{static properties={camera:{attribute:!1},event:{attribute:!1},mayStream:{attribute:!1},isPaused:{attribute:!1},isAlone:{attribute:!1},outage:{state:!0}};static styles=[w,u`
    :host {
      display: flex; flex-direction: column; min-width: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line);
      border-radius: var(--round);
    }
    .picture { position: relative; aspect-ratio: 16 / 9; background: #000; }
    canvas, img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
    .line { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .8rem; padding: .35rem .6rem; font-variant-numeric: tabular-nums; }
    h2 { flex: 1; min-width: min(8rem, 100%); overflow: hidden; font-size: 1rem; text-overflow: ellipsis; white-space: nowrap; }
    a { color: var(--mark); }
    .badge { color: var(--bad); font-weight: 600; white-space: nowrap; }
    .badge::before { content: ""; display: inline-block; width: .6rem; height: .6rem; margin-right: .3rem; border-radius: 50%; background: currentColor; }
    .said { position: absolute; inset: auto 0 0; max-height: 100%; overflow: auto; background: var(--card); overflow-wrap: anywhere; }
    .said p { padding: .35rem .6rem; }
    .is-out canvas { opacity: .35; }
    .picture > a { position: absolute; inset: 0; }
    .picture > a:focus-visible { outline-offset: -3px; }
    @media (pointer: coarse) { .line a { display: inline-flex; align-items: center; min-height: 44px; } }
  `];constructor(){super(),this.camera={name:"",port:0,events:0,saved:0,bytes:null,first_day:null,last_day:null},this.event=null,this.mayStream=!1,this.isPaused=!1,this.isAlone=!1,this.outage="",this.last="",this.feed=null,this.wanted="",this.again=()=>this.feed?.again()}connectedCallback(){super.connectedCallback(),o.addEventListener("refresh",this.again)}disconnectedCallback(){super.disconnectedCallback(),o.removeEventListener("refresh",this.again),this.halt()}get hasLive(){return this.camera.live!==!1}updated(){let{name:t}=this.camera,e=this.isConnected&&!this.isPaused&&this.hasLive&&t?`${t}/${this.mayStream}`:"";e!==this.wanted&&(this.halt(),this.wanted=e,e&&this.begin(new v(t,this.mayStream)))}halt(){this.feed?.stop(),this.feed=null,this.wanted=""}begin(t){this.feed=t,t.addEventListener("picture",e=>this.draw(e.detail)),t.addEventListener("outage",()=>{let e=this.last?a("live-since",{time:A(this.last)}):a("live-none-yet");this.outage=t.why?`${e}: ${t.why}`:e}),t.start()}draw(t){let e=this.renderRoot.querySelector("canvas");e&&((e.width!==t.width||e.height!==t.height)&&([e.width,e.height]=[t.width,t.height]),e.getContext("2d")?.drawImage(t,0,0)),t.close(),this.last=x(o.now),this.outage=""}render(){let{camera:{name:t},event:e}=this;return r`${this.hasLive?this.picture():this.without()}
      <div class="line"><h2 title=${t}>${t}</h2>
        ${e?.state==="open"?r`<span class="badge">${a("live-records")}</span>`:l}
        ${e?r`<a href=${h.href({event:e.id})} @click=${g({event:e.id})}>
          ${a("live-newest",{time:T(e.start)})}</a>${this.dayLink(E(e.start))}`:l}</div>`}dayLink(t){let e={view:"day",day:t,at:"",cameras:[this.camera.name]};return r`<a href=${h.href(e)} @click=${g(e)}>${a("live-day")}</a>`}picture(){let{name:t}=this.camera,e=r`<canvas role="img" aria-label=${a("live-picture",{camera:t})}></canvas>`,i={cameras:[t]};return r`<div class="picture ${this.outage?"is-out":""}">
      ${this.isAlone?e:r`<a href=${h.href(i)} title=${a("live-alone")} @click=${g(i)}>${e}</a>`}
      <div class="said" role="status">${this.outage?r`<p class="bad">${this.outage}</p>`:l}</div></div>`}without(){let{event:t}=this;return r`<div class="picture">
      ${t?.thumbnail?r`<img src=${C(t.thumbnail)} alt=${a("live-thumbnail",{camera:this.camera.name})}>`:l}
      <div class="said"><p>${a(o.canWrite?"live-configure":"live-not-configured")}</p></div></div>`}};customElements.define("owl-tile",y);var U=[1,4,9],J=4,k=class extends p{static properties={size:{state:!0},page:{state:!0}};static styles=[w,z,u`
    :host { display: block; padding: var(--gap) 1rem 1rem; }
    .bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem; margin-bottom: var(--gap); }
    .sizes { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; }
    .wall { display: grid; gap: .5rem; margin: 0 auto; align-content: center; background: var(--back); }
    .of-1 { grid-template-columns: minmax(0, 1fr); max-width: calc((100dvh - 12rem) * 16 / 9); }
    .of-4 { grid-template-columns: repeat(2, minmax(0, 1fr)); max-width: calc((100dvh - 14rem) * 16 / 9); }
    .of-9 { grid-template-columns: repeat(3, minmax(0, 1fr)); max-width: calc((100dvh - 16rem) * 16 / 9); }
    .wall { min-width: min(100%, 20rem); }
    .wall:fullscreen { max-width: none; padding: .5rem max(.5rem, calc((100vw - (100vh - 7rem) * 16 / 9) / 2)); overflow: auto; }
    @media (max-width: 45rem) {
      :host { padding: .5rem; }
      .wall { max-width: none; }
      .of-4 { grid-template-columns: minmax(0, 1fr); }
      .of-9 { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    }
  `];constructor(){super(),this.size=0,this.page=0,this.newest=new Map,this.asked=new Set,this.redraw=()=>this.requestUpdate(),this.reset=()=>{this.asked.clear(),this.requestUpdate()},this.onPut=t=>this.take(t.detail),this.onRemove=t=>{let e=t.detail,i=e.split("/")[0];this.newest.get(i)?.id===e&&(this.newest.delete(i),this.ask(i))}}get listeners(){let{stream:t}=o;return[[o,"cameras",this.redraw],[o,"refresh",this.reset],[h,"change",this.redraw],[document,"visibilitychange",this.redraw],[t,"put",this.onPut],[t,"remove",this.onRemove]]}connectedCallback(){super.connectedCallback();for(let[t,e,i]of this.listeners)t.addEventListener(e,i)}disconnectedCallback(){super.disconnectedCallback();for(let[t,e,i]of this.listeners)t.removeEventListener(e,i)}take(t){let e=this.newest.get(t.camera);e&&t.start<e.start||(this.newest.set(t.camera,t),this.requestUpdate())}async ask(t){this.asked.add(t);let{events:e}=await S(`api/v1/events?${new URLSearchParams({camera:t,limit:"1"})}`).catch(()=>({events:[]}));for(let i of e)this.take(i);this.requestUpdate()}get cameras(){let t=h.state.cameras;return t.length?o.cameras.filter(({name:e})=>t.includes(e)):o.cameras}get shown(){let{cameras:t}=this,e=this.size||(t.length>4?9:4),i=Math.max(1,Math.ceil(t.length/e)),s=Math.min(this.page,i-1);return{cameras:t,size:e,pages:i,page:s,shown:t.slice(s*e,(s+1)*e)}}updated(){for(let{name:t}of this.shown.shown)this.asked.has(t)||this.ask(t)}render(){let{cameras:t,size:e,pages:i,page:s,shown:n}=this.shown,{event:q,pictures:I}=h.state,M=!!(document.hidden||q||I),N=U.find(m=>n.length<=m);return r`<div class="bar">${P()}${this.sizes(t.length,e,s,i)}</div>
      ${o.cameras.length===0&&o.status.kind!=="loading"?r`<p>${a("live-no-camera")}</p>`:l}
      <div class="wall of-${N}">${L(n,({name:m})=>m,m=>r`<owl-tile .camera=${m} .event=${this.newest.get(m.name)??null}
        .mayStream=${n.length<=J} .isPaused=${M} .isAlone=${t.length===1}></owl-tile>`)}</div>`}sizes(t,e,i,s){return r`<div class="sizes">
      ${s>1?r`<button aria-label=${a("live-before")} ?disabled=${i===0} @click=${()=>{this.page=i-1}}>${f("left")}</button>
        <span aria-live="polite">${a("live-page",{page:i+1,pages:s})}</span>
        <button aria-label=${a("live-after")} ?disabled=${i===s-1} @click=${()=>{this.page=i+1}}>${f("right")}</button>`:l}
      ${t>1?r`<span role="group" class="sizes"
        aria-label=${a("live-at-a-time")}>${U.map(n=>r`<button aria-pressed=${n===e} @click=${()=>{this.page=Math.floor(i*e/n),this.size=n}}>${n}</button>`)}</span>`:l}
      ${document.fullscreenEnabled?r`<button @click=${()=>this.renderRoot.querySelector(".wall")?.requestFullscreen().catch(()=>{})}>
        ${f("full")} ${a("live-full")}</button>`:l}</div>`}};customElements.define("owl-live",k);
