import{b as a,c as b,d as c}from"./chunk-LDFZVUGU.js";import"./chunk-JMKFRXK6.js";import"./chunk-GGQ5MLCW.js";import"./chunk-YOXUELR7.js";export{c as confirmHeld,b as tellPass,a as total};
