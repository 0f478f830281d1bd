// `@std/http/negotiation` where JSR can't be reached (see assert.ts).
// @ts-types="./http_negotiation.d.ts"
export * from "std/http/negotiation.js";
