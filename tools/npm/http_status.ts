// `@std/http/status` where JSR can't be reached (see assert.ts).
// @ts-types="./http_status.d.ts"
export * from "std/http/status.js";
