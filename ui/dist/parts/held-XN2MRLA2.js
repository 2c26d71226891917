import{b as a,c as b,d as c}from"./chunk-FIXZL3U6.js";import"./chunk-5MXP3H4D.js";import"./chunk-GGQ5MLCW.js";import"./chunk-R3XRPYTR.js";export{c as confirmHeld,b as tellPass,a as total};
