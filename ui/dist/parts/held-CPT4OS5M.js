import{b as a,c as b,d as c}from"./chunk-OWIOPGAR.js";import"./chunk-PFMJCI4Y.js";import"./chunk-GGQ5MLCW.js";import"./chunk-23YCVOX6.js";export{c as confirmHeld,b as tellPass,a as total};
