import{b as a,c as b,d as c}from"./chunk-JYZV36BN.js";import"./chunk-MRIGMIOQ.js";import"./chunk-GGQ5MLCW.js";import"./chunk-D4UZCCLC.js";export{c as confirmHeld,b as tellPass,a as total};
