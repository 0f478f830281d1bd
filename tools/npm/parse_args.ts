// `@std/cli/parse-args` where JSR can't be reached (see assert.ts).
// @ts-types="./parse_args.d.ts"
export * from "std/cli/parse_args.js";
