// Finds redis-server, an older one to test with where TABA_REDIS_SERVER names it, and installs it where it may.

import { findProgram } from "./find_program.ts";

/** The path of a redis-server, which serves as Sentinel too. @throws {Stop} saying what to install. */
export function findRedis(): Promise<string> {
  return findProgram({
    what: "Redis",
    programs: ["redis-server"],
    debian: "redis-server",
    install: "Redis 3.0 or later",
    variable: "TABA_REDIS_SERVER",
  });
}
