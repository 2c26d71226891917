import{b as t,e as l,h as m}from"./chunk-J64SKDQG.js";var e=class extends l{static styles=[m];render(){return t`<p>live</p>`}};customElements.define("owl-live",e);
