// `@std/http/etag` where JSR can't be reached (see assert.ts).
// @ts-types="./http_etag.d.ts"
export * from "std/http/etag.js";
