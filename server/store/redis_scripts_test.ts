// What old versions of Redis ask of scripts, held by reading them.

import { assert, assertEquals } from "@std/assert";
import * as catalogue from "./redis_catalogue.ts";
import * as scripts from "./redis_scripts.ts";

/** Each command that scripts use, with the version of Redis that it came in. */
const versionByCommand: Readonly<Record<string, number>> = {
  DEL: 1.0,
  EXISTS: 1.0,
  EXPIRE: 1.0,
  GET: 1.0,
  LINDEX: 1.0,
  LLEN: 1.0,
  LRANGE: 1.0,
  LTRIM: 1.0,
  RPUSH: 1.0,
  SADD: 1.0,
  SETNX: 1.0,
  SMEMBERS: 1.0,
  SREM: 1.0,
  ZADD: 1.2,
  ZREMRANGEBYSCORE: 1.2,
  ZREVRANGE: 1.2,
  ZSCORE: 1.2,
  HDEL: 2.0,
  HGET: 2.0,
  HGETALL: 2.0,
  HINCRBY: 2.0,
  HKEYS: 2.0,
  HLEN: 2.0,
  HMGET: 2.0,
  HMSET: 2.0,
  HSET: 2.0,
  HSETNX: 2.0,
  PSETEX: 2.6,
};

const WRITES = /^(DEL|EXPIRE|LTRIM|RPUSH|SADD|SETNX|SREM|ZADD|ZREM.*|HDEL|HINCRBY|HMSET|HSET|HSETNX|PSETEX)$/;
/** Answers that differ between a master and a replica that has the same data, as Redis up to version 4 sees it. */
const NOT_DETERMINISTIC = /^(TIME|RANDOMKEY|SRANDMEMBER|SPOP|SCAN|HSCAN|SSCAN|ZSCAN|HGETALL)$/;

const all = [...Object.values(scripts), ...Object.values(catalogue)];

function commandsOf(lua: string): readonly string[] {
  return [...lua.matchAll(/redis\.call\(\s*'([A-Z]+)'/g)].map(([, command]) => command);
}

Deno.test("scripts: use no command that is newer than Redis 2.8", () => {
  assertEquals(all.length, 16);
  for (const { name, lua } of all) {
    assertEquals(commandsOf(lua).length, lua.split("redis.call").length - 1, `${name} names its commands`);
    for (const command of commandsOf(lua)) assert(versionByCommand[command] <= 2.8, `${name} uses ${command}`);
  }
});

Deno.test("scripts: those that write do the same wherever they are repeated", () => {
  for (const { name, lua } of all) {
    const commands = commandsOf(lua);
    const isWriting = commands.some((command) => WRITES.test(command));
    const unsteady = commands.filter((command) => NOT_DETERMINISTIC.test(command));
    assert(!isWriting || unsteady.length === 0, `${name} writes and uses ${unsteady}`);
    assert(!/\bpairs\(/.test(lua), `${name} goes through no table in an order that Lua chooses`);
  }
});
