// Pieces of Lua that several scripts begin with: functions, but for ALTHOUGH_FULL. What the keys are is said in
// redis_scripts.ts.

/** HMGET in pieces that Lua can unpack. */
export const FIELDS = `
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
export const ALTHOUGH_FULL = `
redis.call('DEL', ARGV[1] .. 'nothing')
`;

/**
 * A bucket's queue and its items, as they are kept: every number stays text until something is added to it, since text
 * is what is slow to make. Numbers with more than 14 digits are written right by "%.0f" only.
 */
export const QUEUE = `
local function number(value) return string.format('%.0f', value) end
local function parseQueue(text)
  local items, head, tail, headBytes, tailBytes, oldest, enqueued, committed =
    string.match(text or '0 0 0 0 0 0', '^(%d+) (%d+) (%d+) (%d+) (%d+) ([^ ]+) ?(%d*) ?(%d*)$')
  -- Of a queue that was written before there were counts, they begin at nothing.
  if committed == '' then enqueued, committed = '0', '0' end
  return { items = items, head = head, tail = tail, headBytes = headBytes, tailBytes = tailBytes, oldest = oldest,
    enqueued = enqueued, committed = committed }
end
local function writeQueue(queue)
  return queue.items .. ' ' .. queue.head .. ' ' .. queue.tail .. ' ' ..
    queue.headBytes .. ' ' .. queue.tailBytes .. ' ' .. queue.oldest .. ' ' .. queue.enqueued .. ' ' .. queue.committed
end
local function parseItem(text)
  local name, start, count, startBytes, bytes, enqueued =
    string.match(text, '^([^ ]+) (%d+) (%d+) (%d+) (%d+) (.+)$')
  return { name = name, start = start, count = tonumber(count),
    startBytes = startBytes, bytes = tonumber(bytes), enqueued = enqueued }
end
`;

/** Adds an item to a queue as it was parsed, and to its lists. After QUEUE. */
export const PUSH = `
local function push(key, queue, name, count, enqueued, body)
  if queue.head == queue.tail then queue.oldest = enqueued end
  redis.call('RPUSH', key .. ':queue', body)
  redis.call('RPUSH', key .. ':items', name .. ' ' .. queue.tail .. ' ' .. count .. ' ' ..
    queue.tailBytes .. ' ' .. #body .. ' ' .. enqueued)
  queue.tail = number(queue.tail + count)
  queue.tailBytes = number(queue.tailBytes + #body)
end
`;

/** Whether a lease (owner, fence, revision) is the one in force. */
export const HELD = `
local function held(key, owner, fence, revision)
  local known = redis.call('HMGET', key .. ':owner', 'owner', 'fence', 'revision')
  return known[1] == owner and known[2] == fence and (known[3] or '') == revision
end
`;

/**
 * The item that a cursor ("entries" from the head, and "name", "item", "nth" of the last one read) points into: its
 * index in the list and itself. Nothing where the queue is not the one that the cursor was read from.
 */
export const FIND = `
local function find(key, queue, entries, name, item, nth)
  local index = item - queue.items
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
export const TAKE = `
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

/** Shows tab and client of each entry of an item (packed.ts), after so many that it passes over. */
export const VISIT = `
local function visit(body, passed, see)
  local at = 1
  while at <= #body do
    local tab0, tab1, client0, client1, type0, type1 = string.byte(body, at, at + 5)
    local bytes0, bytes1, bytes2, bytes3 = string.byte(body, at + 26, at + 29)
    local ofTab = at + 30
    local ofClient = ofTab + tab0 + 256 * tab1
    local ofType = ofClient + client0 + 256 * client1
    if passed == 0 then
      see(string.sub(body, ofTab, ofClient - 1), string.sub(body, ofClient, ofType - 1))
    else
      passed = passed - 1
    end
    at = ofType + type0 + 256 * type1 + bytes0 + 256 * (bytes1 + 256 * (bytes2 + 256 * bytes3))
  end
end
`;

/** The States that arguments ask for, each tab followed by its clients: flat triples of tab, client and State. */
export const STATES = `
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
