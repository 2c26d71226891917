import{b as a,c as b,d as c}from"./chunk-CX44P3QK.js";import"./chunk-N5FP3D6R.js";import"./chunk-GGQ5MLCW.js";import"./chunk-LXPOODYY.js";export{c as confirmHeld,b as tellPass,a as total};
