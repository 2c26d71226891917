import{b as a,c as b,d as c}from"./chunk-WF37SKKU.js";import"./chunk-4M7AUPIS.js";import"./chunk-XZAW2O47.js";import"./chunk-J64SKDQG.js";export{c as confirmHeld,b as tellPass,a as total};
