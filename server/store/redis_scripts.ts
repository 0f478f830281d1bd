// Everything that is done in Redis: one Lua script a step, each atomic, and the keys that they keep. Whoever runs them
// is redis_store.ts.
//
// Keys, each after the prefix:
//   layout                what this master is for, in words; written once
//   types                 hash: tab -> type, of all buckets of the shard
//   clients               hash: client -> number of buckets that hold States of it (0 while it only waits)
//   queues                hash: bucket -> "items head tail headBytes tailBytes oldest": how many items ever left the
//                         queue, entries that left it and entered it, bytes that did so, enqueued time of the oldest
//   sender:<sender>       sorted set: seqs applied, by seq, and "floor"; expires (core/delivery.ts says the same in memory)
//   members, member:<id>  set of ids; who has announced himself, expires
//   <bucket>:owner        hash: owner, fence, revision
//   <bucket>:lease        the owner, expires
//   <bucket>:queue        list of items: entries packed together (packed.ts)
//   <bucket>:items        list beside it: "name start count startBytes bytes enqueued" of each item, where start and
//                         startBytes count from the first entry that ever entered the queue
//   <bucket>:tabs         set of tabs
//   <bucket>:clients      hash: client -> number of its States
//   <bucket>:states:<tab> hash: client -> packed State ("" is the Aggregate)
//
// Commands: none newer than Redis 2.8, but WAIT (3.0), which shards.ts sends where replicas are asked for. Up to Redis 4
// scripts themselves are replicated, so none asks the time before it writes, and none depends on the order of a hash.
// Names hold no space, so that lists of them are one argument, each name followed by a space. Keys are not named in
// KEYS: this is no script for Redis Cluster, where shards are ours to choose.

import type { Script } from "./shards.ts";

/** HMGET in pieces that Lua can unpack. */
const FIELDS = `
local function fields(key, names)
  local values = {}
  for from = 1, #names, 1000 do
    local piece = redis.call('HMGET', key, unpack(names, from, math.min(from + 999, #names)))
    for i = 1, #piece do values[from + i - 1] = piece[i] end
  end
  return values
end
`;

/**
 * A write that changes nothing. A Redis whose memory is full refuses the first write of a script where it could need
 * memory, and none after the first: so what drains queues, and whoever may drain them, works however full it is.
 */
const ALTHOUGH_FULL = `
redis.call('DEL', ARGV[1] .. 'nothing')
`;

/** A bucket's queue as numbers, and how it is written back. */
const QUEUE = `
local function number(value) return string.format('%.0f', value) end
local function parseQueue(text)
  local items, head, tail, headBytes, tailBytes, oldest =
    string.match(text or '0 0 0 0 0 0', '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  return { items = tonumber(items), head = tonumber(head), tail = tonumber(tail),
    headBytes = tonumber(headBytes), tailBytes = tonumber(tailBytes), oldest = oldest }
end
local function writeQueue(queue)
  return number(queue.items) .. ' ' .. number(queue.head) .. ' ' .. number(queue.tail) .. ' ' ..
    number(queue.headBytes) .. ' ' .. number(queue.tailBytes) .. ' ' .. queue.oldest
end
local function parseItem(text)
  local name, start, count, startBytes, bytes, enqueued =
    string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  return { name = name, start = tonumber(start), count = tonumber(count),
    startBytes = tonumber(startBytes), bytes = tonumber(bytes), enqueued = enqueued }
end
local function push(key, queue, name, count, enqueued, body)
  if queue.head == queue.tail then queue.oldest = enqueued end
  redis.call('RPUSH', key .. ':queue', body)
  redis.call('RPUSH', key .. ':items', name .. ' ' .. number(queue.tail) .. ' ' .. count .. ' ' ..
    number(queue.tailBytes) .. ' ' .. #body .. ' ' .. enqueued)
  queue.tail = queue.tail + tonumber(count)
  queue.tailBytes = queue.tailBytes + #body
end
`;

/** Whether a lease (owner, fence, revision) is the one in force. */
const HELD = `
local function held(key, owner, fence, revision)
  local known = redis.call('HMGET', key .. ':owner', 'owner', 'fence', 'revision')
  return known[1] == owner and known[2] == fence and (known[3] or '') == revision
end
`;

/**
 * The item that a cursor ("entries" from the head, and "name", "item", "nth" of the last one read) points into: its
 * index in the list and itself. Nothing where the queue is not the one that the cursor was read from.
 */
const FIND = `
local function find(key, queue, entries, name, item, nth)
  local index = tonumber(item) - queue.items
  if index < 0 then return nil end
  local text = redis.call('LINDEX', key .. ':items', index)
  if not text then return nil end
  local found = parseItem(text)
  if found.name ~= name or nth < 1 or nth > found.count then return nil end
  if found.start + nth ~= queue.head + entries then return nil end
  return index, found
end
`;

/** Items from an index on: whole ones, at least one if there is any, until they have enough entries or bytes. */
const TAKE = `
local function take(key, index, entriesMax, bytesMax)
  local texts, entries, bytes, first = {}, 0, 0, index
  while entries < entriesMax and bytes < bytesMax do
    local piece = redis.call('LRANGE', key .. ':items', index, index + 63)
    for i = 1, #piece do
      if entries >= entriesMax or bytes >= bytesMax then break end
      local item = parseItem(piece[i])
      texts[#texts + 1] = piece[i]
      entries = entries + item.count
      bytes = bytes + item.bytes
      index = index + 1
    end
    if #piece < 64 then break end
  end
  if #texts == 0 then return texts, {}, index end
  return texts, redis.call('LRANGE', key .. ':queue', first, index - 1), index
end
`;

/** The States that arguments ask for, each tab followed by its clients: flat triples of tab, client and State. */
const STATES = `
local function states(key, from)
  local found = {}
  local function add(tab, client, state)
    local at = #found
    found[at + 1], found[at + 2], found[at + 3] = tab, client, state
  end
  for at = from, #ARGV, 2 do
    local tab, names = ARGV[at], {}
    local ofTab = key .. ':states:' .. tab
    for name in string.gmatch(ARGV[at + 1], '([^ ]*) ') do names[#names + 1] = name end
    local values = fields(ofTab, names)
    for i = 1, #names do
      if values[i] then
        add(tab, names[i], values[i])
      elseif names[i] == '' and redis.call('HLEN', ofTab) == 1 then
        local only = redis.call('HGETALL', ofTab)
        add(tab, only[1], only[2])
      end
    end
  end
  return found
end
`;

/** Writes what a master is for where nothing is written, and answers what is. One key. ARGV: prefix, layout. */
export const CHECK_LAYOUT: Script = {
  name: "begin",
  lua: `
redis.call('SETNX', ARGV[1] .. 'layout', ARGV[2])
return redis.call('GET', ARGV[1] .. 'layout')
`,
};

/**
 * Appends a batch, or the part of one that this call is for. Work: its tabs, its clients, its items, one call for the
 * counts of all buckets; the caller bounds them. Nothing is written until nothing can fail any more.
 *
 * ARGV: prefix; sender or "", seq, low, part or ""; tabs max, clients max, seqs remembered, seconds until a sender is
 * forgotten; time; all clients; then for each bucket its number, its tabs as lines of a type and the tabs of that type,
 * its number of items, and for each item name, count of entries, and the item.
 *
 * Answers one of: new, repeated, stale; divided, where parts of the batch were applied, so that the rest must come in
 * parts too; refused with tabs and the types that they have, tabs too many, or clients too many: then nothing was done,
 * and the caller comes again without them.
 */
export const ENQUEUE: Script = {
  name: "enqueue",
  lua: `${FIELDS}${QUEUE}
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
for client in string.gmatch(ARGV[11], '%S+') do clients[#clients + 1] = client end
local tabs, types, homes, buckets, count = {}, {}, {}, {}, 0
local at = 12
while at <= #ARGV do
  buckets[#buckets + 1] = ARGV[at]
  for line in string.gmatch(ARGV[at + 1], '[^\\n]+') do
    local kind, names = string.match(line, '^(%S+) (.*)$')
    for tab in string.gmatch(names, '%S+') do
      count = count + 1
      tabs[count], types[count], homes[count] = tab, kind, ARGV[at]
    end
  end
  at = at + 3 + 3 * tonumber(ARGV[at + 2])
end

local conflicts, tabsFull, clientsFull, tabsNew, clientsNew = {}, {}, {}, {}, {}
local known = fields(prefix .. 'types', tabs)
local room = tonumber(ARGV[6]) - redis.call('HLEN', prefix .. 'types')
for i = 1, count do
  if known[i] then
    if known[i] ~= types[i] then
      conflicts[#conflicts + 1] = tabs[i]
      conflicts[#conflicts + 1] = known[i]
    end
  elseif #tabsNew < room then
    tabsNew[#tabsNew + 1] = i
  else
    tabsFull[#tabsFull + 1] = tabs[i]
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

for i = 1, #tabsNew do
  local tab = tabsNew[i]
  redis.call('HSET', prefix .. 'types', tabs[tab], types[tab])
  redis.call('SADD', prefix .. homes[tab] .. ':tabs', tabs[tab])
end
for i = 1, #clientsNew do redis.call('HSET', prefix .. 'clients', clientsNew[i], 0) end
local texts, written = fields(prefix .. 'queues', buckets), {}
at = 12
for i = 1, #buckets do
  local queue, items = parseQueue(texts[i]), tonumber(ARGV[at + 2])
  for item = at + 3, at + 3 * items, 3 do
    push(prefix .. buckets[i], queue, ARGV[item], ARGV[item + 1], enqueued, ARGV[item + 2])
  end
  written[2 * i - 1], written[2 * i] = buckets[i], writeQueue(queue)
  at = at + 3 + 3 * items
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

/** All queues of the shard, empty ones too. Work: its buckets. ARGV: prefix. Answers bucket and queue of each. */
export const QUEUES: Script = {
  name: "look at queues",
  lua: `return redis.call('HGETALL', ARGV[1] .. 'queues')`,
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
  position = found.start + nth
  if nth == found.count then index = index + 1 end
end
local texts, bodies = take(key, index, tonumber(ARGV[10]), tonumber(ARGV[11]))
return { number(position), number(queue.head), number(queue.items + index), texts, bodies }
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
 * next item if there is any, and States if there is none.
 */
export const READ: Script = {
  name: "read",
  lua: `${FIELDS}${QUEUE}${TAKE}${STATES}
local key = ARGV[1] .. ARGV[2]
local queue = parseQueue(redis.call('HGET', ARGV[1] .. 'queues', ARGV[2]))
local first = ARGV[3] == '' and 0 or math.max(tonumber(ARGV[3]) - queue.items, 0)
local texts, bodies, index = take(key, first, math.huge, tonumber(ARGV[4]))
local head, item = number(queue.head), number(queue.items + first)
if index < redis.call('LLEN', key .. ':items') then
  return { head, item, texts, bodies, number(queue.items + index), {} }
end
return { head, item, texts, bodies, '', states(key, 5) }
`,
};

/**
 * Writes States and trims what they contain. Work: the States and requeued items of the caller, and a search for the
 * tabs that may be forgotten through at most 1 MiB of what waits.
 *
 * ARGV: prefix, bucket, owner, fence, revision, next revision; entries or "" for nothing consumed, name, item, nth;
 * number of requeued items, and for each its name, count of entries, enqueued time, and the item; number of tabs with
 * States to write, and for each tab, type, clients, and their States; then each tab to remove from, and the clients.
 * Answers 1 where it is done, now or by the same call before, 0 where lease or cursor is lost.
 */
export const COMMIT: Script = {
  name: "commit",
  lua: `${QUEUE}${HELD}${FIND}
local prefix, key = ARGV[1], ARGV[1] .. ARGV[2]
if redis.call('HGET', key .. ':owner', 'revision') == ARGV[6] then return 1 end
if not held(key, ARGV[3], ARGV[4], ARGV[5]) then return 0 end
local queue = parseQueue(redis.call('HGET', prefix .. 'queues', ARGV[2]))
local gone = 0
if ARGV[7] ~= '' then
  local nth = tonumber(ARGV[10])
  local index, found = find(key, queue, tonumber(ARGV[7]), ARGV[8], ARGV[9], nth)
  if not index then return 0 end
  gone = nth == found.count and index + 1 or index
  queue.head = found.start + nth
end

${ALTHOUGH_FULL}
redis.call('LTRIM', key .. ':queue', gone, -1)
redis.call('LTRIM', key .. ':items', gone, -1)
queue.items = queue.items + gone
local head = redis.call('LINDEX', key .. ':items', 0)
if head then
  head = parseItem(head)
  queue.headBytes, queue.oldest = head.startBytes, head.enqueued
else
  queue.headBytes = queue.tailBytes
end
local at = 12
for _ = 1, tonumber(ARGV[11]) do
  push(key, queue, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
  at = at + 4
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

local waiting
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
  if redis.call('EXISTS', ofTab) == 0 and queue.tailBytes - queue.headBytes <= 1048576 then
    waiting = waiting or redis.call('LRANGE', key .. ':queue', 0, -1)
    local isWaitedFor = false
    -- A name stands in an item as it is; where it stands by chance, the tab is kept for now.
    for j = 1, #waiting do isWaitedFor = isWaitedFor or string.find(waiting[j], tab, 1, true) ~= nil end
    if not isWaitedFor then
      redis.call('HDEL', prefix .. 'types', tab)
      redis.call('SREM', key .. ':tabs', tab)
    end
  end
end
return 1
`,
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
