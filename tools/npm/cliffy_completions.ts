// `@cliffy/command/completions` where JSR can't be reached (see cliffy_command.ts).
// @ts-types="./cliffy_completions.d.ts"
export * from "cliffy/cliffy-command/1.0.0-rc.5/completions/mod.js";
