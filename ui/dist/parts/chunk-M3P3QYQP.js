import{a as o,e as i,h as r}from"./chunk-GGQ5MLCW.js";var n=o`
  :host { position: fixed; inset: 0; z-index: 4; display: grid; place-items: center; background: var(--shade); }
  dialog {
    position: relative; display: flex; flex-direction: column; width: min(96vw, 1600px); height: 96dvh; max-width: none; max-height: none;
    margin: 0; padding: 0; overflow: hidden; background: var(--back); color: var(--text);
    border: 1px solid var(--edge); border-radius: var(--round);
  }
  dialog:focus { outline: none; }
  a:not(.button) { color: var(--mark); }
  .head {
    display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; padding: .35rem .35rem .35rem .75rem;
    border-bottom: 1px solid var(--line);
  }
  .head h2 { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
  .head .plain { padding: .2rem .5rem; }
  @media (max-width: 45rem), (max-height: 30rem) { dialog { width: 100%; height: 100%; border: 0; border-radius: 0; } }
`;function s(){let t=document.activeElement;for(;t?.shadowRoot?.activeElement;)t=t.shadowRoot.activeElement;return t}var d=class extends i{static styles=[r,n];#o=s();#e=()=>this.focusSheet();#t=e=>this.press(e);connectedCallback(){super.connectedCallback(),document.addEventListener("keydown",this.#t),addEventListener("focus-left",this.#e),this.addEventListener("wheel",e=>{e.composedPath()[0]===this&&e.preventDefault()},{passive:!1}),this.addEventListener("click",e=>{e.composedPath()[0]===this&&this.leave()})}disconnectedCallback(){super.disconnectedCallback(),document.removeEventListener("keydown",this.#t),removeEventListener("focus-left",this.#e);let e=this.#o;requestAnimationFrame(()=>{e?.isConnected&&s()===document.body&&e.focus()})}firstUpdated(){this.focusSheet()}focusSheet(){this.dialog.focus({preventScroll:!0})}get dialog(){return this.renderRoot.querySelector("dialog")}press(e){}leave(){}};export{d as a};
