// `@std/assert` where JSR can't be reached: the mirror on npm ships no types, so they are declared beside this file.
// @ts-types="./assert.d.ts"
export * from "std/assert/mod.js";
