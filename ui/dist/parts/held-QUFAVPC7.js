import{b as a,c as b,d as c}from"./chunk-YIXUVZJB.js";import"./chunk-IKH2K2PK.js";import"./chunk-GGQ5MLCW.js";import"./chunk-EHVZNDWZ.js";export{c as confirmHeld,b as tellPass,a as total};
