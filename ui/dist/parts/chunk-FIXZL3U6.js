import{a as s}from"./chunk-5MXP3H4D.js";import{a as g,b as d,e as w,h as b}from"./chunk-GGQ5MLCW.js";import{H as a,I as c,o as f,p,w as h,z as i}from"./chunk-R3XRPYTR.js";var u=class extends w{static styles=[b,g`
    dialog {
      width: min(32rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); padding: 1.25rem; overflow: auto; color: var(--text);
      background: var(--raised); border: 1px solid var(--edge); border-radius: var(--round);
    }
    dialog::backdrop { background: var(--shade); }
    p { margin-top: .75rem; overflow-wrap: anywhere; }
    div { display: flex; flex-wrap: wrap; justify-content: end; gap: .5rem; margin-top: 1.25rem; }
    button { white-space: normal; }
    .danger { background: var(--bad); border-color: var(--bad); color: var(--on-mark); }
  `];constructor(){super(),this.question={title:"",lines:[],action:""},this.done=()=>{}}firstUpdated(){this.dialog.showModal()}get dialog(){return this.renderRoot.querySelector("dialog")}answer(t){this.done(t),this.dialog.close()}render(){let{title:t,lines:o,action:r}=this.question;return d`<dialog aria-labelledby="title" aria-describedby="lines" @close=${this.close}>
      <h2 id="title">${t}</h2>
      <section id="lines">${o.map(n=>d`<p>${n}</p>`)}</section>
      <div><button autofocus @click=${()=>this.answer(!1)}>${i("ask-cancel")}</button>
        <button class="danger" @click=${()=>this.answer(!0)}>${r}</button></div>
    </dialog>`}close(){this.done(!1),this.remove()}};customElements.define("owl-ask",u);function y(e){let t=document.createElement("owl-ask");return new Promise(o=>{Object.assign(t,{question:e,done:o}),document.body.append(t)})}function v(e){let t=e.reduce((r,n)=>r+(n.bytes??0),0),o=e.every(r=>r.bytes!==null);return{count:e.reduce((r,n)=>r+n.count,0),days:new Set(e.map(({day:r})=>r)).size,size:o?a(t):t?i("storage-at-least",{size:a(t)}):a(null)}}function q(e){if(e.refused)return s.notify(c(e.refused.message),!0);if(e.failures?.length)return s.notify(i("pass-failed",{count:e.failures.length,why:e.failures[0].problem}),!0);let{count:t,size:o}=v(e.items);return s.notify(t?i("pass-made",{count:t,size:o}):i("pass-empty"))}async function L(e,t){try{let{passes:o,plan:r}=await f("api/v1/retention"),k=o.find(({pass:l})=>l===e)?.items??r?.kept.filter(({rule:l})=>l?.kind==="wrong-date")??[],{count:m,size:x,days:$}=v(k),z=i("held-asks",{count:m,size:x,days:$});if(!await y({title:i("held-title"),lines:[z,c(t)],action:i("held-action",{count:m})}))return;q(await p("POST","api/v1/retention/confirm",{pass:e})),await h.refresh()}catch(o){s.notify(o.message,!0)}}export{y as a,v as b,q as c,L as d};
