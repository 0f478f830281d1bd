// What is done to buckets in Redis: one Lua script a step, each atomic, and the keys that all scripts keep. Those that
// know of no bucket's work are in redis_catalogue.ts; redis_store.ts runs them.
//
// Keys, each after the prefix:
//   layout                what this master is for, in words; written once
//   types                 hash: tab -> type, of all buckets of the shard
//   clients               hash: client -> number of buckets that hold States of it (0 while it only waits)
//   queues                hash: bucket -> "items head tail headBytes tailBytes oldest enqueued committed": how many items
//                         ever left the queue, entries that left it and entered it, bytes that did so, enqueued time of
//                         the oldest, events that entered it and that left it for good
//   sender:<sender>       sorted set: seqs applied, by seq, and "floor"; expires (core/delivery.ts says the same in memory)
//   members, member:<id>  set of ids; who has announced himself, expires
//   <bucket>:owner        hash: owner, fence, revision
//   <bucket>:lease        the owner, expires
//   <bucket>:queue        list of items: entries packed together (packed.ts), deletions apart from others
//   <bucket>:items        list beside it: "name start count startBytes bytes enqueued" of each item, where start and
//                         startBytes count from the first entry that ever entered the queue
//   <bucket>:deletions    list of the items of deletions among them: numbers, counted from the first item that ever
//                         entered the queue
//   <bucket>:tabs         set of tabs
//   <bucket>:clients      hash: client -> number of its States
//   <bucket>:states:<tab> hash: client -> packed State ("" is the Aggregate)
//
// Commands: none newer than Redis 2.8, but WAIT (3.0), which shards.ts sends where replicas are asked for. Up to Redis 4
// scripts themselves are replicated, so none asks the time before it writes, and none depends on the order of a hash.
// Names hold no space, so that lists of them are one argument, each name followed by a space. Keys are not named in
// KEYS: this is no script for Redis Cluster, where shards are ours to choose.

import { ALTHOUGH_FULL, FIELDS, FIND, HELD, PUSH, QUEUE, STATES, TAKE, VISIT } from "./redis_fragments.ts";
import type { Script } from "./shard.ts";

/**
 * Appends a batch, or the part of one that this call is for. Work: its tabs, its clients, its items, one call for the
 * counts of all buckets; the caller bounds them. Nothing is written until nothing can fail any more.
 *
 * ARGV: prefix; sender or "", seq, low, part or ""; tabs max, clients max, seqs remembered, seconds until a sender is
 * forgotten; time; all clients; then for each bucket its number, its tabs as lines of a type and the tabs of that type,
 * its events, its number of items, and for each item name, count of entries, and the item.
 *
 * Answers one of: new, repeated, stale; divided, where parts of the batch were applied, so that the rest must come in
 * parts too; refused with tabs and the types that they have, tabs too many, or clients too many: then nothing was done,
 * and the caller comes again without them.
 */
export const ENQUEUE: Script = {
  name: "enqueue",
  lua: `${FIELDS}${QUEUE}${PUSH}
local prefix, sender, seq, part, enqueued = ARGV[1], ARGV[2], ARGV[3], ARGV[5], ARGV[10]
local applied, mark = prefix .. 'sender:' .. sender, seq
if sender ~= '' then
  if part ~= '' then mark = seq .. ':' .. part end
  if redis.call('ZSCORE', applied, seq) or redis.call('ZSCORE', applied, mark) then
    -- A write, so that WAIT after it covers what was written when the batch was applied.
    redis.call('EXPIRE', applied, ARGV[9])
    return { 'repeated' }
  end
  if part == '' and redis.call('ZSCORE', applied, seq .. ':') then return { 'divided' } end
  if tonumber(seq) < tonumber(redis.call('ZSCORE', applied, 'floor') or 0) then return { 'stale' } end
end

local clients = {}
for client in string.gmatch(ARGV[11], '[^ ]+') do clients[#clients + 1] = client end
local buckets, tabs, count, lines = {}, {}, 0, {}
local at = 12
while at <= #ARGV do
  buckets[#buckets + 1] = ARGV[at]
  for kind, names in string.gmatch(ARGV[at + 1], '([^ \\n]+) ([^\\n]+)') do
    local first = count + 1
    for tab in string.gmatch(names, '[^ ]+') do
      count = count + 1
      tabs[count] = tab
    end
    lines[#lines + 1] = { bucket = ARGV[at], kind = kind, first = first, last = count }
  end
  at = at + 4 + 3 * ARGV[at + 3]
end

local conflicts, tabsFull, clientsFull, tabsNew, clientsNew = {}, {}, {}, {}, {}
local known = fields(prefix .. 'types', tabs)
local room = tonumber(ARGV[6]) - redis.call('HLEN', prefix .. 'types')
for _, line in ipairs(lines) do
  for i = line.first, line.last do
    if known[i] == line.kind then
      -- as nearly all are
    elseif known[i] then
      conflicts[#conflicts + 1] = tabs[i]
      conflicts[#conflicts + 1] = known[i]
    elseif #tabsNew < room then
      tabsNew[#tabsNew + 1] = { tab = tabs[i], line = line }
    else
      tabsFull[#tabsFull + 1] = tabs[i]
    end
  end
end
known = fields(prefix .. 'clients', clients)
room = tonumber(ARGV[7]) - redis.call('HLEN', prefix .. 'clients')
for i = 1, #clients do
  if not known[i] then
    local list = #clientsNew < room and clientsNew or clientsFull
    list[#list + 1] = clients[i]
  end
end
-- One reason at a time: what is left out for it leaves room for others.
if #conflicts > 0 then return { 'refused', conflicts, {}, {} } end
if #clientsFull > 0 then return { 'refused', {}, {}, clientsFull } end
if #tabsFull > 0 then return { 'refused', {}, tabsFull, {} } end

for _, new in ipairs(tabsNew) do
  redis.call('HSET', prefix .. 'types', new.tab, new.line.kind)
  redis.call('SADD', prefix .. new.line.bucket .. ':tabs', new.tab)
end
for i = 1, #clientsNew do redis.call('HSET', prefix .. 'clients', clientsNew[i], 0) end
local texts, written = fields(prefix .. 'queues', buckets), {}
at = 12
for i = 1, #buckets do
  local queue, items = parseQueue(texts[i]), tonumber(ARGV[at + 3])
  queue.enqueued = number(queue.enqueued + ARGV[at + 2])
  for item = at + 4, at + 1 + 3 * items, 3 do
    push(prefix .. buckets[i], queue, ARGV[item], ARGV[item + 1], enqueued, ARGV[item + 2])
  end
  written[2 * i - 1], written[2 * i] = buckets[i], writeQueue(queue)
  at = at + 4 + 3 * items
end
for from = 1, #written, 1000 do
  redis.call('HMSET', prefix .. 'queues', unpack(written, from, math.min(from + 999, #written)))
end

if sender ~= '' then
  redis.call('ZADD', applied, seq, mark)
  if part ~= '' then redis.call('ZADD', applied, seq, seq .. ':') end
  local highest = tonumber(redis.call('ZREVRANGE', applied, 0, 0, 'WITHSCORES')[2])
  local floor = number(math.max(tonumber(ARGV[4]), highest - tonumber(ARGV[8]) + 1,
    tonumber(redis.call('ZSCORE', applied, 'floor') or 0)))
  redis.call('ZADD', applied, floor, 'floor')
  redis.call('ZREMRANGEBYSCORE', applied, '-inf', '(' .. floor)
  redis.call('EXPIRE', applied, ARGV[9])
end
return { 'new' }
`,
};

/**
 * Appends deletions to a queue. Work: their items. ARGV: prefix, bucket, time; then for each item name, count of entries,
 * and the item.
 */
export const ENQUEUE_DELETIONS: Script = {
  name: "enqueue deletions",
  lua: `${QUEUE}${PUSH}${ALTHOUGH_FULL}
local prefix, bucket = ARGV[1], ARGV[2]
local queue = parseQueue(redis.call('HGET', prefix .. 'queues', bucket))
local key = prefix .. bucket
for item = 4, #ARGV, 3 do
  push(key, queue, ARGV[item], ARGV[item + 1], ARGV[3], ARGV[item + 2])
  redis.call('RPUSH', key .. ':deletions', number(queue.items + redis.call('LLEN', key .. ':items') - 1))
end
redis.call('HSET', prefix .. 'queues', bucket, writeQueue(queue))
return 1
`,
};

/**
 * Takes or renews leases. Work: a few commands a bucket. A fence is the time where that is higher than the one before,
 * so that no fail-over that lost the newest writes lets a fence be given out twice.
 *
 * ARGV: prefix, owner, ms to live, time in ms; then the buckets. Answers bucket, fence, revision of each lease held.
 */
export const LEASE: Script = {
  name: "lease",
  lua: `${ALTHOUGH_FULL}
local prefix, owner, leases = ARGV[1], ARGV[2], {}
for i = 5, #ARGV do
  local key = prefix .. ARGV[i]
  local holder = redis.call('GET', key .. ':lease')
  if not holder or holder == owner then
    local known = redis.call('HMGET', key .. ':owner', 'owner', 'fence', 'revision')
    local fence = known[2]
    if not holder then
      fence = string.format('%.0f', math.max(tonumber(fence or 0) + 1, tonumber(ARGV[4])))
      redis.call('HMSET', key .. ':owner', 'owner', owner, 'fence', fence)
    end
    redis.call('PSETEX', key .. ':lease', ARGV[3], owner)
    local at = #leases
    leases[at + 1], leases[at + 2], leases[at + 3] = ARGV[i], fence, known[3] or ''
  end
end
return leases
`,
};

/** Gives leases back. Work: a few commands a bucket. ARGV: prefix; then bucket, owner, fence of each. */
export const RELEASE: Script = {
  name: "release",
  lua: `${ALTHOUGH_FULL}
for i = 2, #ARGV, 3 do
  local key, owner = ARGV[1] .. ARGV[i], ARGV[i + 1]
  local known = redis.call('HMGET', key .. ':owner', 'owner', 'fence')
  if known[1] == owner and known[2] == ARGV[i + 2] then
    redis.call('HSET', key .. ':owner', 'owner', '')
    if redis.call('GET', key .. ':lease') == owner then redis.call('DEL', key .. ':lease') end
  end
end
return 1
`,
};

/**
 * The items from a cursor on. Work: at most one item more than what was asked for.
 *
 * ARGV: prefix, bucket, owner, fence, revision; entries or "" for the head, name, item, nth; entries max, bytes max.
 * Answers nothing where lease or cursor is lost, else the position of the first entry that was not read before, the
 * number of the first item, and the descriptions and bodies of the items.
 */
export const READ_QUEUE: Script = {
  name: "read a queue",
  lua: `${QUEUE}${HELD}${FIND}${TAKE}
local key = ARGV[1] .. ARGV[2]
if not held(key, ARGV[3], ARGV[4], ARGV[5]) then return nil end
local queue = parseQueue(redis.call('HGET', ARGV[1] .. 'queues', ARGV[2]))
local index, position = 0, queue.head
if ARGV[6] ~= '' then
  local nth, found = tonumber(ARGV[9]), nil
  index, found = find(key, queue, tonumber(ARGV[6]), ARGV[7], ARGV[8], nth)
  if not index then return nil end
  position = number(found.start + nth)
  if nth == found.count then index = index + 1 end
end
local texts, bodies = take(key, index, tonumber(ARGV[10]), tonumber(ARGV[11]))
return { position, queue.head, number(queue.items + index), texts, bodies }
`,
};

/**
 * The States asked for, for the owner. Work: their number.
 * ARGV: prefix, bucket, owner, fence, revision; then each tab and its clients. Answers nothing where the lease is lost.
 */
export const LOAD: Script = {
  name: "load States",
  lua: `${FIELDS}${HELD}${STATES}
local key = ARGV[1] .. ARGV[2]
if not held(key, ARGV[3], ARGV[4], ARGV[5]) then return nil end
return states(key, 6)
`,
};

/**
 * The queue from an item on and, once its end is reached, the States asked for: what comes with the States is the
 * bucket at one moment, and items read by the calls before are still what they were. Work: bytes max, or one item if
 * that is more, and the number of States.
 *
 * ARGV: prefix, bucket, item or "" for the head, bytes max; then each tab and its clients.
 * Answers the position of the head, the number of the first item, descriptions and bodies of items, the number of the
 * next item if there is any, States if there is none, and the field of the queue.
 */
export const READ: Script = {
  name: "read",
  lua: `${FIELDS}${QUEUE}${TAKE}${STATES}
local key = ARGV[1] .. ARGV[2]
local text = redis.call('HGET', ARGV[1] .. 'queues', ARGV[2])
local queue = parseQueue(text)
local first = ARGV[3] == '' and 0 or math.max(ARGV[3] - queue.items, 0)
local texts, bodies, index = take(key, first, math.huge, tonumber(ARGV[4]))
local head, item = queue.head, number(queue.items + first)
if index < redis.call('LLEN', key .. ':items') then
  return { head, item, texts, bodies, number(queue.items + index), {}, text }
end
return { head, item, texts, bodies, '', states(key, 5), text or '' }
`,
};

/** Of what waits, so much is looked through for tabs that may not be forgotten: some 50 ms of Redis, ... */
const FORGETTING_BYTES_MAX = 4 * 1024 * 1024;
/** ... whether its entries are large or small. */
const FORGETTING_ENTRIES_MAX = 20_000;

/**
 * Writes States and trims what they contain. Work: the States and requeued items of the caller; where tabs may be
 * forgotten, a walk through what waits, unless that is too much; where items are requeued, one through the deletions
 * that wait.
 *
 * ARGV: prefix, bucket, owner, fence, revision, next revision; entries or "" for nothing read, name, item, nth; events
 * consumed or "" where what was read stays; number of requeued items, and for each its name, count of entries, enqueued
 * time, the item, and the tab, the client and the events of all its entries; number of tabs with States to write, and
 * for each tab, type, clients, and their States; then each tab to remove from, and the clients. Answers 1 where it is
 * done, now or by the same call before, 0 where lease or cursor is lost.
 */
export const COMMIT: Script = {
  name: "commit",
  lua: `${QUEUE}${PUSH}${HELD}${FIND}${VISIT}
local prefix, key = ARGV[1], ARGV[1] .. ARGV[2]
if redis.call('HGET', key .. ':owner', 'revision') == ARGV[6] then return 1 end
if not held(key, ARGV[3], ARGV[4], ARGV[5]) then return 0 end
local queue = parseQueue(redis.call('HGET', prefix .. 'queues', ARGV[2]))
local gone = 0
if ARGV[7] ~= '' then
  local nth = tonumber(ARGV[10])
  local index, found = find(key, queue, tonumber(ARGV[7]), ARGV[8], ARGV[9], nth)
  if not index then return 0 end
  if ARGV[11] ~= '' then
    gone = nth == found.count and index + 1 or index
    queue.head = number(found.start + nth)
  end
end

${ALTHOUGH_FULL}
redis.call('LTRIM', key .. ':queue', gone, -1)
redis.call('LTRIM', key .. ':items', gone, -1)
queue.items = number(queue.items + gone)
local head = redis.call('LINDEX', key .. ':items', 0)
if head then
  head = parseItem(head)
  queue.headBytes, queue.oldest = head.startBytes, head.enqueued
else
  queue.headBytes = queue.tailBytes
end
-- Entries of the first item that have left the queue.
local passed = head and queue.head - head.start or 0
if ARGV[11] ~= '' then queue.committed = number(queue.committed + ARGV[11]) end
local deletion = redis.call('LINDEX', key .. ':deletions', 0)
while deletion and deletion - queue.items < 0 do
  redis.call('LTRIM', key .. ':deletions', 1, -1)
  deletion = redis.call('LINDEX', key .. ':deletions', 0)
end
local at, requeued, deleted = 13, tonumber(ARGV[12]), {}
local deletions = requeued > 0 and redis.call('LRANGE', key .. ':deletions', 0, -1) or {}
for i = 1, #deletions do
  local body = redis.call('LINDEX', key .. ':queue', deletions[i] - queue.items)
  visit(body, deletions[i] == queue.items and passed or 0, function(tab, client) deleted[tab .. ' ' .. client] = true end)
end
for _ = 1, requeued do
  local tab, client = ARGV[at + 4], ARGV[at + 5]
  if not deleted[tab .. ' '] and not deleted[tab .. ' ' .. client] then
    push(key, queue, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    queue.committed = number(queue.committed - ARGV[at + 6])
  end
  at = at + 7
end
redis.call('HSET', prefix .. 'queues', ARGV[2], writeQueue(queue))
redis.call('HSET', key .. ':owner', 'revision', ARGV[6])

for _ = 1, tonumber(ARGV[at]) do
  local tab, kind, ofTab = ARGV[at + 1], ARGV[at + 2], key .. ':states:' .. ARGV[at + 1]
  local value = at + 4
  for client in string.gmatch(ARGV[at + 3], '([^ ]*) ') do
    if redis.call('HSET', ofTab, client, ARGV[value]) == 1 then
      redis.call('HSETNX', prefix .. 'types', tab, kind)
      redis.call('SADD', key .. ':tabs', tab)
      if client ~= '' and redis.call('HINCRBY', key .. ':clients', client, 1) == 1 then
        redis.call('HINCRBY', prefix .. 'clients', client, 1)
      end
    end
    value = value + 1
  end
  at = value - 1
end

local tabsWaiting
local function isWaiting(tab)
  if not tabsWaiting then
    tabsWaiting = {}
    local index = 0
    repeat
      -- Few at once: what one call answers to a script costs with the square of its bytes.
      local bodies = redis.call('LRANGE', key .. ':queue', index, index + 7)
      for i = 1, #bodies do
        visit(bodies[i], index + i == 1 and passed or 0, function(name) tabsWaiting[name] = true end)
      end
      index = index + 8
    until #bodies < 8
  end
  return tabsWaiting[tab]
end
local isShort = queue.tailBytes - queue.headBytes <= ${FORGETTING_BYTES_MAX} and
  queue.tail - queue.head <= ${FORGETTING_ENTRIES_MAX}
for i = at + 1, #ARGV, 2 do
  local tab, ofTab = ARGV[i], key .. ':states:' .. ARGV[i]
  for client in string.gmatch(ARGV[i + 1], '([^ ]*) ') do
    if redis.call('HDEL', ofTab, client) == 1 and client ~= '' then
      if redis.call('HINCRBY', key .. ':clients', client, -1) == 0 then
        redis.call('HDEL', key .. ':clients', client)
        redis.call('HINCRBY', prefix .. 'clients', client, -1)
      end
    end
    if client ~= '' and tonumber(redis.call('HGET', prefix .. 'clients', client) or 1) <= 0 then
      redis.call('HDEL', prefix .. 'clients', client)
    end
  end
  if redis.call('EXISTS', ofTab) == 0 and isShort and not isWaiting(tab) then
    redis.call('HDEL', prefix .. 'types', tab)
    redis.call('SREM', key .. ':tabs', tab)
  end
end
return 1
`,
};
