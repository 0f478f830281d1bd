// The scripts that list what there is: tabs, clients, queues and servers, and what a master is for. The keys are listed in
// redis_scripts.ts.

import { ALTHOUGH_FULL, FIELDS } from "./redis_fragments.ts";
import type { Script } from "./shard.ts";

/** Writes what a master is for where nothing is written, and answers what is. One key. ARGV: prefix, layout. */
export const CHECK_LAYOUT: Script = {
  name: "begin",
  lua: `
redis.call('SETNX', ARGV[1] .. 'layout', ARGV[2])
return redis.call('GET', ARGV[1] .. 'layout')
`,
};

/** All queues of the shard, empty ones too. Work: its buckets. ARGV: prefix. Answers bucket and queue of each. */
export const QUEUES: Script = {
  name: "look at queues",
  lua: `return redis.call('HGETALL', ARGV[1] .. 'queues')`,
};

/** The tabs of a bucket. Work: their number. ARGV: prefix, bucket. Answers the tabs and the type of each. */
export const TABS: Script = {
  name: "list tabs",
  lua: `${FIELDS}
local tabs = redis.call('SMEMBERS', ARGV[1] .. ARGV[2] .. ':tabs')
return { tabs, fields(ARGV[1] .. 'types', tabs) }
`,
};

/** Who has States of tabs. Work: their number. ARGV: prefix, bucket; then the tabs. Answers the clients of each. */
export const CLIENTS_BY_TAB: Script = {
  name: "list the clients of tabs",
  lua: `
local answer = {}
for i = 3, #ARGV do answer[i - 2] = redis.call('HKEYS', ARGV[1] .. ARGV[2] .. ':states:' .. ARGV[i]) end
return answer
`,
};

/** Who has States in a bucket. Work: their number. ARGV: prefix, bucket. Answers the clients. */
export const CLIENTS: Script = {
  name: "list clients",
  lua: `return redis.call('HKEYS', ARGV[1] .. ARGV[2] .. ':clients')`,
};

/** Announces a server. Work: the number of servers. ARGV: prefix, id, ms to live, what it says of itself. */
export const HEARTBEAT: Script = {
  name: "announce a server",
  lua: `${ALTHOUGH_FULL}
redis.call('PSETEX', ARGV[1] .. 'member:' .. ARGV[2], ARGV[3], ARGV[4])
redis.call('SADD', ARGV[1] .. 'members', ARGV[2])
for _, id in ipairs(redis.call('SMEMBERS', ARGV[1] .. 'members')) do
  if redis.call('EXISTS', ARGV[1] .. 'member:' .. id) == 0 then redis.call('SREM', ARGV[1] .. 'members', id) end
end
return 1
`,
};

/** Takes an announcement back. ARGV: prefix, id. */
export const LEAVE: Script = {
  name: "take an announcement back",
  lua: `
redis.call('DEL', ARGV[1] .. 'member:' .. ARGV[2])
redis.call('SREM', ARGV[1] .. 'members', ARGV[2])
return 1
`,
};

/** The servers announced now. Work: their number. ARGV: prefix. Answers what each says of itself. */
export const MEMBERS: Script = {
  name: "list servers",
  lua: `
local members = {}
for _, id in ipairs(redis.call('SMEMBERS', ARGV[1] .. 'members')) do
  local member = redis.call('GET', ARGV[1] .. 'member:' .. id)
  if member then members[#members + 1] = member end
end
return members
`,
};
