// `@cliffy/command` where JSR can't be reached: modules that tools/cliffy.ts fetches, with types declared beside this file.
// @ts-types="./cliffy_command.d.ts"
export * from "cliffy/cliffy-command/1.0.0-rc.5/mod.js";
