import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (/** @type {string} */ language) => readFileSync(new URL(`../texts/${language}.ftl`, import.meta.url), "utf8");
const idsOf = (/** @type {string} */ texts) => [...texts.matchAll(/^([a-z][\w-]*) =/gm)].map(([, id]) => id);

test("both languages have the same texts, in the same order", () => {
  assert.deepEqual(idsOf(read("de")), idsOf(read("en")));
});

test("one thing has one name", () => {
  const of = (/** @type {string} */ language, /** @type {RegExp} */ words) => read(language).split("\n").filter((line) => words.test(line.replace(/^[\w-]+ =|\{[^}]*\}/g, "")));
  assert.deepEqual(of("de", /gesichtet|nicht gesehen|aufgezeichnet|abgebrochen|Durchgang|im Speicher/i), []);
  assert.deepEqual(of("en", /\b(pass|guard|stores?|delete queue)\b/i), []);
});
