import{a as x}from"./chunk-M3P3QYQP.js";import{a as $}from"./chunk-RQX2KRGN.js";import{a as b}from"./chunk-6ZMBCD7N.js";import{a as f,b as s,d as g,e as z,g as w,h as K}from"./chunk-GGQ5MLCW.js";import{A as v,C,F as p,I as c,m as n,p as i,q as L,u as m,x as S}from"./chunk-JOUONLS5.js";var E=class extends z{static properties={camera:{attribute:!1},pictures:{attribute:!1},at:{attribute:!1},problem:{state:!0}};static styles=[K,f`
    :host { position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; background: var(--back); outline: none; }
    .head {
      display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; padding: .35rem .35rem .35rem .75rem;
      border-bottom: 1px solid var(--line);
    }
    h2 { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
    a { color: var(--mark); }
    .stage { flex: 1; min-height: 0; display: grid; place-items: center; background: #000; color: #fff; }
    img { width: 100%; height: 100%; min-height: 0; object-fit: contain; grid-area: 1 / 1; }
    @media (max-width: 45rem) {
      h2 { order: -2; flex-basis: calc(100% - 4rem); font-size: 1rem; }
      .head button:last-child { order: -1; }
      .soft { flex: 1; }
    }
    p { padding: 1rem; text-align: center; grid-area: 1 / 1; }
  `];constructor(){super(),this.camera="",this.pictures=[],this.at=0,this.problem="",this.mayRetry=!1,this.again=()=>{this.mayRetry&&c.status.kind==="ready"&&([this.problem,this.mayRetry]=["",!1])}}connectedCallback(){super.connectedCallback(),this.tabIndex=-1,c.addEventListener("status",this.again)}disconnectedCallback(){super.disconnectedCallback(),c.removeEventListener("status",this.again)}firstUpdated(){this.focus()}get picture(){return this.pictures[this.at]}willUpdate(e){!e.has("at")&&!e.has("pictures")||(this.mayRetry=!1,this.problem=$(this.picture.name)?"":i("picture-kind"))}updated(){this.shadowRoot?.activeElement?.disabled&&this.focus()}async explain({target:e}){let{picture:t}=this,a=await C(e.src);t===this.picture&&(this.mayRetry=a===0||a>=500,this.problem=a===0?i("picture-unreachable"):a===404?i("picture-gone"):a>=400?i("picture-refused",{status:a}):i("picture-unshowable"))}step(e){this.dispatchEvent(new CustomEvent("step",{detail:e}))}render(){let{at:e,camera:t,picture:a,pictures:r,problem:l}=this,o=`${t}, ${a.name}`;return s`<div class="head">
        <h2>${o}</h2>
        <span class="soft">${i("picture-number",{at:m(e+1),all:m(r.length),size:S(a.bytes)})}</span>
        <a href=${p(a.url)}>${i("picture-file")}</a>
        ${k(i("picture-previous"),"\u2190","left",e===0,()=>this.step(-1))}
        ${k(i("picture-next"),"\u2192","right",e===r.length-1,()=>this.step(1))}
        ${k(i("close"),"Esc","close",!1,()=>this.dispatchEvent(new CustomEvent("leave")))}
      </div>
      <div class="stage" role="status">${l?s`<p>${l}</p>`:s`<img src=${p(a.url)} alt=${o} @error=${this.explain}>`}</div>`}},k=(u,e,t,a,r)=>s`<button class="plain" aria-label=${u} title="${u} (${e})" ?disabled=${a}
  @click=${r}>${b(t)}</button>`;customElements.define("owl-whole",E);var h=200,R=class extends x{static properties={days:{state:!0},camera:{state:!0},pictures:{state:!0},page:{state:!0},problem:{state:!0},isLoading:{state:!0},failed:{state:!0}};static styles=[...x.styles,f`
    .body {
      flex: 1; display: flex; flex-direction: column; gap: .75rem; min-height: 0; padding: .75rem; overflow: auto;
      overscroll-behavior: contain;
    }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .5rem; }
    .tile {
      display: flex; flex-direction: column; min-width: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line);
      border-radius: var(--round);
    }
    .tile:any-link { color: inherit; text-decoration: none; }
    .tile:hover { border-color: var(--mark); }
    .frame { display: grid; aspect-ratio: 16 / 9; background: #000; color: #fff; min-width: 0; }
    .frame > * { grid-area: 1 / 1; width: 100%; height: 100%; min-height: 0; object-fit: contain; }
    .blank { display: grid; place-items: center; padding: .5rem; text-align: center; }
    .name { padding: .15rem .5rem; overflow-wrap: anywhere; }
    @media (max-width: 45rem) { .tiles { grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); } }
  `];constructor(){super(),this.days=[],this.camera=null,this.pictures=[],this.page=0,this.problem="",this.isLoading=!1,this.mayRetry=!1,this.failed=new Set,this.loading={},this.move=e=>this.follow(e.detail),this.again=()=>{c.status.kind==="ready"&&(this.mayRetry?this.load(this.camera):this.failed.size&&(this.failed=new Set))}}connectedCallback(){super.connectedCallback(),n.addEventListener("change",this.move),c.addEventListener("status",this.again),this.load(this.named.camera)}disconnectedCallback(){super.disconnectedCallback(),n.removeEventListener("change",this.move),c.removeEventListener("status",this.again)}get named(){let[e,...t]=n.state.picture.split("/");return{camera:e||null,name:t.join("/")}}follow(e){let{pictures:t,picture:a,cameras:r}=n.state;t&&(this.requestUpdate(),t!==e.pictures||String(r)!==String(e.cameras)?this.load(this.named.camera):a&&this.named.camera!==this.camera?this.load(this.named.camera):e.picture&&!a&&this.focusPicture(e.picture))}async load(e){let t=this.loading={},{pictures:a,cameras:r}=n.state;this.isLoading=!0;try{let l=new URLSearchParams({from:a,to:a});for(let d of r)l.append("camera",d);let o=(await v(`api/v1/days?${l}`)).days.filter(({loose:d})=>d>0),y=(o.find(d=>d.camera===e)??o[0])?.camera??null,{pictures:j}=y===null?{pictures:[]}:await v(`api/v1/days/${encodeURIComponent(y)}/${a}/pictures`);if(this.loading!==t)return;Object.assign(this,{days:o,camera:y,pictures:j,problem:"",mayRetry:!1}),this.page=Math.max(0,Math.floor(this.at/h))}catch(l){if(this.loading!==t)return;Object.assign(this,{camera:e,pictures:[],page:0,problem:l.message,mayRetry:l.isPassing})}this.failed=new Set,this.isLoading=!1}get at(){let{camera:e,name:t}=this.named;return e!==null&&e===this.camera?this.pictures.findIndex(a=>a.name===t):-1}async focusPicture(e){let t=this.pictures.findIndex(({name:a})=>e===`${this.camera}/${a}`);if(t<0)return this.focusSheet();this.page=Math.floor(t/h),await this.updateComplete,this.renderRoot.querySelectorAll(".tile")[t%h]?.focus()}leave(){n.state.picture?n.leave({picture:""}):n.leave({pictures:""})}press(e){if(n.state.event||e.altKey||e.ctrlKey||e.metaKey||e.defaultPrevented)return;let t=this.at>=0;if(e.key==="Escape")this.leave();else if(t&&e.key==="ArrowLeft")this.step(-1);else if(t&&e.key==="ArrowRight")this.step(1);else return;e.preventDefault()}step(e){let t=this.pictures[this.at+e];t&&n.replace({picture:`${this.camera}/${t.name}`})}async turn(e){this.page=e,await this.updateComplete,this.renderRoot.querySelector(".body")?.scrollTo(0,0);let t=this.shadowRoot?.activeElement;(!t||t.disabled)&&this.renderRoot.querySelector("select")?.focus()}render(){let{camera:e}=this,t=this.at;return s`<dialog open tabindex="-1" aria-labelledby="title">
      <div class="head" ?inert=${t>=0}><h2 id="title">${i("pictures-title",{day:L(n.state.pictures)})}</h2>
        <button class="plain close" aria-label=${i("close")} title="${i("close")} (Esc)"
          @click=${this.leave}>${b("close")}</button></div>
      <div class="body" aria-busy=${this.isLoading} ?inert=${t>=0}>
        ${this.days.length>1?this.cameras():g}
        <p class=${this.problem?"note bad":"note"} role="status">${this.note()}</p>
        ${this.grid()}${this.pages()}
      </div>
      ${t<0?g:s`<owl-whole .camera=${e} .pictures=${this.pictures} .at=${t}
        @step=${({detail:a})=>this.step(a)} @leave=${this.leave}></owl-whole>`}
    </dialog>`}cameras(){return s`<div class="row" role="group" aria-label=${i("pictures-cameras")}>
      ${w(this.days,({camera:e})=>e,({camera:e,loose:t})=>s`<button aria-pressed=${e===this.camera}
        @click=${()=>this.load(e)}>${e} <small>${m(t)}</small></button>`)}</div>`}note(){if(this.problem)return i("pictures-failed",{why:this.problem});if(this.isLoading&&!this.pictures.length)return i("loading");if(this.camera===null)return i("pictures-none");let e=this.days.find(t=>t.camera===this.camera)?.loose??0;return i("pictures-of",{camera:this.camera,pictures:this.pictures.length,others:Math.max(0,e-this.pictures.length)})}grid(){let e=this.page*h;return s`<div class="tiles">${w(this.pictures.slice(e,e+h),t=>t.url,t=>{let a=p(t.url),r={picture:`${this.camera}/${t.name}`},l=this.failed.has(a)||!$(t.name);return s`<a class="tile" href=${n.href(r)} @click=${o=>{o.ctrlKey||o.metaKey||o.shiftKey||(o.preventDefault(),n.go(r))}}><span class="frame">${l?s`<span class="blank">${i("picture-blank")}</span>`:s`<img loading="lazy" src=${a} alt="${this.camera}, ${t.name}"
          @error=${()=>{this.failed=new Set(this.failed).add(a)}}>`}</span>
        <span class="name">${t.name}</span></a>`})}</div>`}pages(){let e=Math.ceil(this.pictures.length/h);if(e<2)return g;let t=({target:a})=>this.turn(Number(a.value));return s`<nav class="row" aria-label=${i("pictures-pages")}>
      <button ?disabled=${this.page===0} @click=${()=>this.turn(this.page-1)}>${i("pictures-earlier")}</button>
      <select aria-label=${i("pictures-pages")} .value=${String(this.page)} @change=${t}>${Array.from({length:e},(a,r)=>{let{name:l}=this.pictures[r*h];return s`<option value=${r} ?selected=${r===this.page}>${i("pictures-from",{name:l})}</option>`})}</select>
      <button ?disabled=${this.page>=e-1} @click=${()=>this.turn(this.page+1)}>${i("pictures-later")}</button>
    </nav>`}};customElements.define("owl-pictures",R);
