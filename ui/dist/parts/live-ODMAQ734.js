import{a as g}from"./chunk-6ZMBCD7N.js";import{a as U,b as q,c as v}from"./chunk-32WQTYBD.js";import{d as R}from"./chunk-YN5UQM5H.js";import{a as p,b as r,d as c,e as w,g as P,h as f}from"./chunk-GGQ5MLCW.js";import{A as L,F as T,I as o,b as S,c as C,m as l,p as s,v as A,z as $}from"./chunk-JOUONLS5.js";var j=1.9*1e3,D=12*1e3,O=1e3,W=3*1e3,I=30*1e3,B=15*1e3,G=16e6,_={free:3,waiting:[],async take(d){this.free>0?this.free--:await new Promise(t=>this.waiting.push(()=>t(void 0)));try{return await d()}finally{let t=this.waiting.shift();t?t():this.free++}}},y=class{#t=new Uint8Array(0);#i=new TextDecoder("latin1");constructor(t){this.reader=t.getReader()}async#e(){let{done:t,value:e}=await this.reader.read();if(t)throw new Error(s("live-ended"));return e}async next(){let t=Number((await this.#a()).match(/content-length: *(\d+)/i)?.[1]);if(!(t<=G))throw new Error(s("live-unknown"));let e=new Uint8Array(t);for(let a=0;;){let i=this.#t.subarray(0,t-a);if(e.set(i,a),a+=i.length,this.#t=this.#t.subarray(i.length),a===t)return e;this.#t=await this.#e()}}async#a(){for(;;){let t=this.#i.decode(this.#t),e=t.indexOf(`\r
\r
`);if(e>=0)return this.#t=this.#t.subarray(e+4),t.slice(0,e);if(t.length>4096)throw new Error(s("live-unknown"));let a=await this.#e(),i=new Uint8Array(this.#t.length+a.length);i.set(this.#t),i.set(a,this.#t.length),this.#t=i}}},b=class extends EventTarget{why="";#t=new AbortController;#i=null;#e=0;#a=0;#s=null;constructor(t,e){super(),this.path=`live/${encodeURIComponent(t)}`,this.mayStream=e}async start(){this.#n();let t=0;for(let e=0;!this.#t.signal.aborted;){let a=Date.now(),i=this.mayStream&&a>=e;try{await this.#c(i),t&&(e=0),t=0,await this.#l(O)}catch(n){if(this.#t.signal.aborted)return;clearTimeout(this.#a),this.why=n.name==="TimeoutError"||n.name==="AbortError"?s("live-silent"):n.message,i?e=Date.now()-a>I?0:Date.now()+I:await this.#l(Math.min(B,1e3*2**t++))}}}stop(){this.#t.abort(),this.#i?.abort(),this.#s?.(),clearTimeout(this.#e),clearTimeout(this.#a)}again(){this.#s?.()}async#c(t){let e=this.#i=new AbortController;if(!t)return _.take(async()=>{let n=AbortSignal.any([e.signal,AbortSignal.timeout(W)]);await this.#r(await(await $(`${this.path}/still.jpg`,{signal:n})).arrayBuffer())});this.#o();let{body:a}=await $(this.path,{signal:e.signal}),i=new y(a);for(;;)await this.#r(await i.next()),this.#o()}async#r(t){let e=await createImageBitmap(new Blob([t],{type:"image/jpeg"})).catch(()=>{throw new Error(s("live-unknown"))});if(this.#t.signal.aborted)return e.close();this.why="",this.#n(),this.dispatchEvent(new CustomEvent("picture",{detail:e}))}#n(){clearTimeout(this.#e),this.#e=window.setTimeout(()=>{this.dispatchEvent(new CustomEvent("outage")),this.#e=window.setInterval(()=>this.dispatchEvent(new CustomEvent("outage")),1e3)},j)}#o(){clearTimeout(this.#a),this.#a=window.setTimeout(()=>this.#i?.abort(),D)}#l(t){return new Promise(e=>{this.#s=()=>e(void 0),setTimeout(e,t)})}};var k=class extends w{static properties={camera:{attribute:!1},event:{attribute:!1},mayStream:{attribute:!1},isPaused:{attribute:!1},mayWrite:{attribute:!1},isAlone:{attribute:!1},outage:{state:!0}};static styles=[f,p`
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
  `];constructor(){super(),this.camera={name:"",port:0,events:0,saved:0,bytes:null,first_day:null,last_day:null},this.event=null,this.mayStream=!1,this.isPaused=!1,this.isAlone=!1,this.mayWrite=!1,this.outage="",this.last="",this.feed=null,this.wanted="",this.again=()=>this.feed?.again()}connectedCallback(){super.connectedCallback(),o.addEventListener("refresh",this.again)}disconnectedCallback(){super.disconnectedCallback(),o.removeEventListener("refresh",this.again),this.halt()}get hasLive(){return this.camera.live!==!1}updated(){let{name:t}=this.camera,e=this.isConnected&&!this.isPaused&&this.hasLive&&t?`${t}/${this.mayStream}`:"";e!==this.wanted&&(this.halt(),this.wanted=e,e&&this.begin(new b(t,this.mayStream)))}halt(){this.feed?.stop(),this.feed=null,this.wanted=""}begin(t){this.feed=t,t.addEventListener("picture",e=>this.draw(e.detail)),t.addEventListener("outage",()=>{let e=this.last?s("live-since",{time:A(this.last)}):s("live-none-yet");this.outage=t.why?`${e}: ${t.why}`:e}),t.start()}draw(t){let e=this.renderRoot.querySelector("canvas");e&&((e.width!==t.width||e.height!==t.height)&&([e.width,e.height]=[t.width,t.height]),e.getContext("2d")?.drawImage(t,0,0)),t.close(),this.last=S(o.now),this.outage=""}render(){let{camera:{name:t},event:e}=this;return r`${this.hasLive?this.picture():this.without()}
      <div class="line"><h2 title=${t}>${t}</h2>
        ${e?.state==="open"?r`<span class="badge">${s("live-records")}</span>`:c}
        ${e?r`<a href=${l.href({event:e.id})} @click=${v({event:e.id})}>
          ${s("live-newest",{time:R(e.start)})}</a>${this.dayLink(C(e.start))}`:c}</div>`}dayLink(t){let e={view:"day",day:t,at:"",cameras:[this.camera.name]};return r`<a href=${l.href(e)} @click=${v(e)}>${s("live-day")}</a>`}picture(){let{name:t}=this.camera,e=r`<canvas role="img" aria-label=${s("live-picture",{camera:t})}></canvas>`,a={cameras:[t]};return r`<div class="picture ${this.outage?"is-out":""}">
      ${this.isAlone?e:r`<a href=${l.href(a)} title=${s("live-alone")} @click=${v(a)}>${e}</a>`}
      <div class="said" role="status">${this.outage?r`<p class="bad">${this.outage}</p>`:c}</div></div>`}without(){let{event:t}=this;return r`<div class="picture">
      ${t?.thumbnail?r`<img src=${T(t.thumbnail)} alt=${s("live-thumbnail",{camera:this.camera.name})}>`:c}
      <div class="said"><p>${s(this.mayWrite?"live-configure":"live-not-configured")}</p></div></div>`}};customElements.define("owl-tile",k);var x=[1,4,9],F=4,E=class extends w{static styles=[f,U,p`
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
  `];constructor(){super(),this.newest=new Map,this.asked=new Set,this.redraw=()=>this.requestUpdate(),this.reset=()=>{this.asked.clear(),this.requestUpdate()},this.onPut=t=>this.take(t.detail),this.onRemove=t=>{let e=t.detail,a=e.split("/")[0];this.newest.get(a)?.id===e&&(this.newest.delete(a),this.ask(a))}}get listeners(){let{stream:t}=o;return[[o,"cameras",this.redraw],[o,"refresh",this.reset],[l,"change",this.redraw],[document,"visibilitychange",this.redraw],[t,"put",this.onPut],[t,"remove",this.onRemove]]}connectedCallback(){super.connectedCallback();for(let[t,e,a]of this.listeners)t.addEventListener(e,a)}disconnectedCallback(){super.disconnectedCallback();for(let[t,e,a]of this.listeners)t.removeEventListener(e,a)}take(t){let e=this.newest.get(t.camera);e&&t.start<e.start||(this.newest.set(t.camera,t),this.requestUpdate())}async ask(t){this.asked.add(t);let{events:e}=await L(`api/v1/events?${new URLSearchParams({camera:t,limit:"1"})}`).catch(()=>({events:[]}));for(let a of e)this.take(a);this.requestUpdate()}get cameras(){let t=l.state.cameras;return t.length?o.cameras.filter(({name:e})=>t.includes(e)):o.cameras}get shown(){let{cameras:t}=this,{wall:e,page:a}=l.state,i=x.includes(e)?e:t.length>4?9:4,n=Math.max(1,Math.ceil(t.length/i)),u=Math.min(a,n-1);return{cameras:t,size:i,pages:n,page:u,shown:t.slice(u*i,(u+1)*i)}}updated(){for(let{name:t}of this.shown.shown)this.asked.has(t)||this.ask(t)}render(){let{cameras:t,size:e,pages:a,page:i,shown:n}=this.shown,{event:u,pictures:M}=l.state,z=!!(document.hidden||u||M),N=x.find(m=>n.length<=m);return r`<div class="bar">${q()}${this.sizes(t.length,e,i,a)}</div>
      ${o.cameras.length===0&&o.status.kind!=="loading"?r`<p>${s("live-no-camera")}</p>`:c}
      <div class="wall of-${N}">${P(n,({name:m})=>m,m=>r`<owl-tile .camera=${m} .event=${this.newest.get(m.name)??null}
        .mayStream=${n.length<=F} 
        .isPaused=${z} .mayWrite=${o.canWrite} .isAlone=${t.length===1}></owl-tile>`)}</div>`}sizes(t,e,a,i){return r`<div class="sizes">
      ${i>1?r`<button aria-label=${s("live-before")} ?disabled=${a===0} @click=${()=>l.replace({page:a-1})}>${g("left")}</button>
        <span aria-live="polite">${s("live-page",{page:a+1,pages:i})}</span>
        <button aria-label=${s("live-after")} ?disabled=${a===i-1} @click=${()=>l.replace({page:a+1})}>${g("right")}</button>`:c}
      ${t>1?r`<span role="group" class="sizes"
        aria-label=${s("live-at-a-time")}>${x.map(n=>r`<button aria-pressed=${n===e} @click=${()=>l.replace({wall:n,page:Math.floor(a*e/n)})}>${n}</button>`)}</span>`:c}
      ${document.fullscreenEnabled?r`<button @click=${()=>this.renderRoot.querySelector(".wall")?.requestFullscreen().catch(()=>{})}>
        ${g("full")} ${s("live-full")}</button>`:c}</div>`}};customElements.define("owl-live",E);
