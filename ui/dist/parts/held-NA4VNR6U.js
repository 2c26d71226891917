import{b as a,c as b,d as c}from"./chunk-ES7N3ENS.js";import"./chunk-UDKH3KOP.js";import"./chunk-GGQ5MLCW.js";import"./chunk-JOUONLS5.js";export{c as confirmHeld,b as tellPass,a as total};
