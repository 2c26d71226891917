import{b as t,e as r,h as l}from"./chunk-J64SKDQG.js";var e=class extends r{static styles=[l];render(){return t`<p>calendar</p>`}};customElements.define("owl-calendar",e);
