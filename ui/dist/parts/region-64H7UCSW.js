import{a as L}from"./chunk-B6CVMFVQ.js";import"./chunk-RQX2KRGN.js";import{a as A,b as l,d as b,e as S,f as w,h as C}from"./chunk-GGQ5MLCW.js";import{A as M,G as E,I as u,m as d,p as a}from"./chunk-JOUONLS5.js";var v=.02,h=.02,O=[.25,.25,.75,.75],g=s=>Math.round(Math.min(1,Math.max(0,s))*1e3)/1e3;function $(s,t,e,r){let i=(m,x)=>{let[p,k]=[g(Math.min(m,x)),g(Math.max(m,x))];return k-p>=h?[p,k]:p+h<=1?[p,g(p+h)]:[g(1-h),1]},[c,n]=i(s,e),[o,f]=i(t,r);return[c,o,n,f]}function R([s,t,e,r],i,c){let o={ArrowLeft:[-v,0],ArrowRight:[v,0],ArrowUp:[0,-v],ArrowDown:[0,v]}[i];if(!o)return null;if(c)return $(s,t,Math.max(s+h,e+o[0]),Math.max(t+h,r+o[1]));let f=Math.min(1-e,Math.max(-s,o[0])),m=Math.min(1-r,Math.max(-t,o[1]));return $(s+f,t+m,e+f,r+m)}var y=class extends S{static properties={region:{state:!0},camera:{state:!0},picture:{state:!0}};static styles=[C,A`
    dialog { width: min(48rem, calc(100vw - 1rem)); max-height: calc(100dvh - 1rem); padding: 1rem; border: 1px solid var(--edge); border-radius: var(--round);
      background: var(--raised); color: var(--text); }
    dialog::backdrop { background: #000a; }
    form { display: grid; gap: .75rem; }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
    .row.end { justify-content: flex-end; }
    .picture { position: relative; width: 100%; background: #000; border-radius: var(--round); overflow: hidden; touch-action: none; cursor: crosshair; user-select: none; }
    .picture.none { aspect-ratio: 16 / 9; }
    img { display: block; width: 100%; pointer-events: none; }
    .rectangle { position: absolute; border: 2px solid #ffca6b; background: #ffca6b33; box-shadow: 0 0 0 100vmax #0007; }
    label { display: flex; align-items: center; gap: .35rem; font-size: .875rem; }
    input { width: 5rem; }
  `];constructor(){super();let{region:t,cameras:e}=d.state;this.region=t.length===4?t:O,this.camera=e[0]??u.cameras.find(({events:r})=>r>0)?.name??u.cameras[0]?.name??"",this.picture="",this.corner=null}firstUpdated(){this.renderRoot.querySelector("dialog").showModal(),this.load()}async load(){let{camera:t}=this,e=new URLSearchParams({camera:t,limit:"5"}),{events:r}=await M(`api/v1/events?${e}`).catch(()=>({events:[]}));t===this.camera&&(this.picture=r.sort(E).map(i=>L(i,640)[0]).find(Boolean)??"")}render(){let[t,e,r,i]=this.region,c=`left: ${t*100}%; top: ${e*100}%; width: ${(r-t)*100}%; height: ${(i-e)*100}%`;return l`<dialog aria-labelledby="title" @close=${()=>this.dispatchEvent(new CustomEvent("close"))}><form method="dialog" @submit=${this.apply}>
      <h2 id="title">${a("region-title")}</h2><p class="soft">${a("region-how")}</p>
      ${u.cameras.length>1?l`<label>${a("region-camera")} <select .value=${w(this.camera)} @change=${this.pickCamera}>
        ${u.cameras.map(({name:n})=>l`<option value=${n} ?selected=${n===this.camera}>${n}</option>`)}</select></label>`:b}
      <div class="picture ${this.picture?"":"none"}" tabindex="0" role="application" aria-label=${a("region-keys")} @keydown=${this.press}
        @pointerdown=${this.down} @pointermove=${this.move} @pointerup=${()=>{this.corner=null}}>
        ${this.picture?l`<img src=${this.picture} alt="">`:b}<div class="rectangle" .style=${c}></div></div>
      <div class="row">${["left","top","right","bottom"].map((n,o)=>this.number(n,o))}</div>
      <div class="row end">${d.state.region.length?l`<button type="button" @click=${this.showAll}>${a("region-remove")}</button>`:b}
        <button type="button" @click=${this.close}>${a("region-cancel")}</button><button class="strong">${a("region-apply")}</button></div>
    </form></dialog>`}number(t,e){return l`<label>${a(`region-${t}`)} <input type="number" min="0" max="100" step="1" .value=${w(String(Math.round(this.region[e]*100)))}
      @change=${({target:r})=>this.type(e,Number(r.value)/100)}> %</label>`}type(t,e){let r=[...this.region];r[t]=g(e),this.region=$(r[0],r[1],r[2],r[3])}pickCamera({target:t}){this.camera=t.value,this.load()}press(t){let e=R(this.region,t.key,t.shiftKey);e&&(t.preventDefault(),this.region=e)}pointOf({currentTarget:t,clientX:e,clientY:r}){let{left:i,top:c,width:n,height:o}=t.getBoundingClientRect();return[(e-i)/n,(r-c)/o]}down(t){t.currentTarget.setPointerCapture(t.pointerId),this.corner=this.pointOf(t)}move(t){this.corner&&(this.region=$(...this.corner,...this.pointOf(t)))}apply(){d.go({region:[...this.region]})}showAll(){d.go({region:[]}),this.close()}close(){this.renderRoot.querySelector("dialog").close()}};customElements.define("owl-region",y);export{$ as between,R as nudge};
