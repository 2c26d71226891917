import{a}from"./chunk-UDKH3KOP.js";import{a as p,b as c,e as g,h as w}from"./chunk-GGQ5MLCW.js";import{A as f,B as h,I as d,p as n,x as s,y as l}from"./chunk-JOUONLS5.js";var u=class extends g{static styles=[w,p`
    dialog {
      width: min(32rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); padding: 1.25rem; overflow: auto; color: var(--text);
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round);
    }
    dialog::backdrop { background: var(--shade); }
    p { margin-top: .75rem; overflow-wrap: anywhere; }
    div { display: flex; flex-wrap: wrap; justify-content: end; gap: .5rem; margin-top: 1.25rem; }
    button { white-space: normal; }
    .danger { background: var(--bad); border-color: var(--bad); color: var(--on-mark); }
  `];constructor(){super(),this.question={title:"",lines:[],action:""},this.done=()=>{}}firstUpdated(){this.dialog.showModal()}get dialog(){return this.renderRoot.querySelector("dialog")}answer(t){this.done(t),this.dialog.close()}render(){let{title:t,lines:r,action:o}=this.question;return c`<dialog aria-labelledby="title" aria-describedby="lines" @close=${this.close}>
      <h2 id="title">${t}</h2>
      <section id="lines">${r.map(i=>c`<p>${i}</p>`)}</section>
      <div><button autofocus @click=${()=>this.answer(!1)}>${n("ask-cancel")}</button>
        <button class="danger" @click=${()=>this.answer(!0)}>${o}</button></div>
    </dialog>`}close(){this.done(!1),this.remove()}};customElements.define("owl-ask",u);function b(e){let t=document.createElement("owl-ask");return new Promise(r=>{Object.assign(t,{question:e,done:r}),document.body.append(t)})}function y(e){let t=e.reduce((o,i)=>o+(i.bytes??0),0),r=e.every(o=>o.bytes!==null);return{count:e.reduce((o,i)=>o+i.count,0),days:new Set(e.map(({day:o})=>o)).size,size:r?s(t):t?n("storage-at-least",{size:s(t)}):s(null)}}function q(e){if(e.refused)return a.notify(l(e.refused.message),!0);if(e.failures?.length)return a.notify(n("pass-failed",{count:e.failures.length,why:e.failures[0].problem}),!0);let{count:t,size:r}=y(e.items);return a.notify(t?n("pass-made",{count:t,size:r}):n("pass-empty"))}async function K(e,t){try{let{passes:r,plan:o}=await f("api/v1/retention"),i=[...r,o?.wrong_date].find(z=>z?.pass===e);if(!i)return a.notify(n("held-gone"),!0),await d.refresh();let{count:m,size:v,days:k}=y(i.items),x=n("held-asks",{count:m,size:v,days:k}),$=n(i===o?.wrong_date?"held-title-date":"held-title");if(!await b({title:$,lines:[x,l(t)],action:n("held-action",{count:m})}))return;q(await h("POST","api/v1/retention/confirm",{pass:e})),await d.refresh()}catch(r){a.notify(r.message,!0)}}export{b as a,y as b,q as c,K as d};
