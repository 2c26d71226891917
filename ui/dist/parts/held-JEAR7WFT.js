import{b as a,c as b,d as c}from"./chunk-GDQ5TMZJ.js";import"./chunk-R7W6T4BE.js";import"./chunk-GGQ5MLCW.js";import"./chunk-ABFX2E5Z.js";export{c as confirmHeld,b as tellPass,a as total};
