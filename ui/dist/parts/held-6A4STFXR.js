import{b as a,c as b,d as c}from"./chunk-BY6UJQ34.js";import"./chunk-MAVER36C.js";import"./chunk-GGQ5MLCW.js";import"./chunk-SON4QD6V.js";export{c as confirmHeld,b as tellPass,a as total};
