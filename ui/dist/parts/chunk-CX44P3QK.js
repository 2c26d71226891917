import{a}from"./chunk-N5FP3D6R.js";import{a as h,b as d,e as p,h as g}from"./chunk-GGQ5MLCW.js";import{H as s,I as c,o as m,p as f,w as l,z as i}from"./chunk-LXPOODYY.js";var u=class extends p{static styles=[g,h`
    dialog {
      width: min(32rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); padding: 1.25rem; overflow: auto; color: var(--text);
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round);
    }
    dialog::backdrop { background: var(--shade); }
    p { margin-top: .75rem; overflow-wrap: anywhere; }
    div { display: flex; flex-wrap: wrap; justify-content: end; gap: .5rem; margin-top: 1.25rem; }
    button { white-space: normal; }
    .danger { background: var(--bad); border-color: var(--bad); color: var(--on-mark); }
  `];constructor(){super(),this.question={title:"",lines:[],action:""},this.done=()=>{}}firstUpdated(){this.dialog.showModal()}get dialog(){return this.renderRoot.querySelector("dialog")}answer(t){this.done(t),this.dialog.close()}render(){let{title:t,lines:r,action:o}=this.question;return d`<dialog aria-labelledby="title" aria-describedby="lines" @close=${this.close}>
      <h2 id="title">${t}</h2>
      <section id="lines">${r.map(n=>d`<p>${n}</p>`)}</section>
      <div><button autofocus @click=${()=>this.answer(!1)}>${i("ask-cancel")}</button>
        <button class="danger" @click=${()=>this.answer(!0)}>${o}</button></div>
    </dialog>`}close(){this.done(!1),this.remove()}};customElements.define("owl-ask",u);function w(e){let t=document.createElement("owl-ask");return new Promise(r=>{Object.assign(t,{question:e,done:r}),document.body.append(t)})}function b(e){let t=e.reduce((o,n)=>o+(n.bytes??0),0),r=e.every(o=>o.bytes!==null);return{count:e.reduce((o,n)=>o+n.count,0),days:new Set(e.map(({day:o})=>o)).size,size:r?s(t):t?i("storage-at-least",{size:s(t)}):s(null)}}function $(e){if(e.refused)return a.notify(c(e.refused.message),!0);if(e.failures?.length)return a.notify(i("pass-failed",{count:e.failures.length,why:e.failures[0].problem}),!0);let{count:t,size:r}=b(e.items);return a.notify(t?i("pass-made",{count:t,size:r}):i("pass-empty"))}async function H(e,t){try{let{passes:r}=await m("api/v1/retention"),o=r.find(({pass:x})=>x===e);if(!o)return a.notify(i("held-gone"),!0),await l.refresh();let{count:n,size:y,days:v}=b(o.items),k=i("held-asks",{count:n,size:y,days:v});if(!await w({title:i("held-title"),lines:[k,c(t)],action:i("held-action",{count:n})}))return;$(await f("POST","api/v1/retention/confirm",{pass:e})),await l.refresh()}catch(r){a.notify(r.message,!0)}}export{w as a,b,$ as c,H as d};
