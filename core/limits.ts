// Every number that bounds something: its unit, its reason, and how the numbers hang together. Those that a setting
// may change are the defaults of that setting.

import { assert } from "./assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

export const limits = {
  /** A name is part of URLs, log lines and Redis keys. */
  nameCharactersMax: 256,

  /** One line is held in memory whole while it is parsed. */
  lineBytesMax: 1 * MIB,
  /** Handlers may walk a value by recursion. */
  jsonDepthMax: 32,
  /** Counted once decompressed. */
  bodyBytesMax: 64 * MIB,
  /** What a setting may raise that to. */
  bodyBytesMost: 96 * MIB,
  /** An answer lists this many rejected lines and counts the others. */
  rejectedLinesMax: 1000,
  /** What an answer says of one rejected line: handlers that plug in may say more than anyone wants to read. */
  rejectionCharactersMax: 500,

  tabsMax: 1_000_000,
  clientsMax: 100_000,

  /** Batches that a receiver remembers of one sender above the sender's `low`; a sender keeps fewer unacknowledged. */
  seqsRememberedMax: 1024,
  /** A sender that has not been heard of for this long is forgotten. */
  senderForgottenS: 7 * 86_400,
  sendersMax: 100_000,

  /** Bytes waiting in the queues of the embedded store: above the hard limit all posts are refused ... */
  queueBytesHard: 512 * MIB,
  /** ... and from the soft one on, with a probability that grows to one. */
  queueBytesSoft: 256 * MIB,

  /** Tabs that a client knows at once, and events that it holds unfolded, each in its application's own memory. */
  clientTabsMax: 100_000,
  clientEventsMax: 100_000,
  /** Memory that a client's waiting events may take. */
  clientBytesMax: 128 * MIB,

  /** An agent's States, beside those that are sealed. Most hold a few KiB, none more than a line. */
  agentStatesMax: 100_000,
  /** A batch of an agent or client: small enough to be repeated lightly, large enough that requests cost little. */
  batchBytesMax: 4 * MIB,
  /** States of an agent's batch: it encodes them in one go, and a server decodes them so. */
  batchStatesMax: 8192,
  /** Batches of an agent that are under way at once, ... */
  outboxBatchesMax: 8,
  /** ... and the bytes of their lines, before compression. */
  outboxBytesMax: 64 * MIB,

  /** Bytes of datagrams that were received and not looked at yet, a power of two: a second of many small ones. */
  datagramsBytesMax: 8 * MIB,

  /** Bytes of an agent's journal, past which posts are refused: several times what the States of an agent take. */
  journalBytesMax: 4096 * MIB,
  /** What of it is given up to go on sending when the disk is full. */
  journalReserveBytes: 1 * MIB,
  /** Of that, what posts may take, beyond twice the States that they have grown into, before these take their place. */
  journalSlackShare: 1 / 64,
  /** Ids of clients' batches are written to the memory beside the segments so many at once, ... */
  journalIdsMax: 1024,
  /** ... which is written anew when it has grown by so much. */
  journalMemoryBytesMax: 4 * MIB,

  /**
   * Memory for posts that an agent or server holds until they are taken: for their bodies, once decompressed, and by
   * estimate for the States that they become. What needs more is refused, ...
   */
  postsBytesMax: 256 * MIB,
  /** ... as is one more than so many, which may be slow ones. */
  postsMax: 1024,
  /** States of one post: with more it has to be posted in parts. */
  postStatesMax: 100_000,
  /** What a State of a post takes beside the bytes that it came in: its names, its line and its place among others, ... */
  stateBytes: 512,
  /** ... and what it takes more once events are folded into it. Both measured with CounterGroups of few events. */
  openedStateBytes: 1024,
  /** A sender that has said nothing for so long in the middle of its post has gone. */
  bodySilenceMs: 60_000,

  /** A store's call does a bounded work, so that it holds nobody else up for long: entries of a queue read, ... */
  readEntriesMax: 512,
  /** ... States or tabs asked for, ... */
  readKeysMax: 1024,
  /** ... and States written and removed. */
  commitStatesMax: 8192,

  /** Memory, by estimate, for the States that a drain keeps between commits. */
  heldBytesMax: 512 * MIB,
  /** A bucket is committed early when this much of it has changed, which also bounds what one commit writes. */
  commitBytesMax: 4 * MIB,
  /** Bytes of a queue read at once. */
  chunkBytesMax: 512 * KIB,
  /** Entries of a bucket that a drain can't read and carries along; beyond them the bucket waits for another server. */
  heldBackBytesMax: 4 * MIB,

  /** States that one query may reduce to and hold together. */
  groupsMax: 10_000,
  /** Rows that an answer holds back to sort them; a larger one comes in the order of the buckets. */
  rowsSortedMax: 1000,
  /** Characters of such rows. */
  charactersSortedMax: 4 * MIB,

  /** Numbers that answers to Prometheus hold together, so that they need not ask for tabs again for every family. */
  metricsSamplesHeldMax: 600_000,

  /** Rows of the busiest that an answer has, ... */
  topRowsMax: 1000,
  /** ... and clients or tags among which they are looked for, each held with its sums. */
  topNamesMax: 100_000,

  /** Those who watch a server at once: each may ask it for something else, every second. */
  watchersMax: 100,
  /** Tabs that one of them may watch, ... */
  watchedTabsMax: 1000,
  /** ... and the characters that they may have together, as JSON. */
  watchedCharactersMax: 4 * MIB,
  /** Tabs whose names are remembered from second to second for one that reduces them; more are looked for each time. */
  watchedNamesMax: 10_000,

  /** Bins of each store of a sketch: 17 decades at 0.5 %. */
  sketchBinsMax: 4096,
  /** Values that a Buffer keeps. */
  bufferValuesMax: 1000,
  /** A Gauge that no client has set for this long is forgotten. */
  gaugeForgottenS: 48 * 3600,
  /** The same for an ExpiryGauge, however late it expires: else what clients long gone have set would pile up. */
  expiryGaugeForgottenS: 30 * 86_400,
  /** A value that is kept as it is (Gauge, ExpiryGauge, Buffer), as JSON: a full Buffer must fit into one line. */
  valueBytesMax: 960,
} as const;

assert(limits.lineBytesMax <= limits.bodyBytesMax, "a line must fit into a body");
assert(limits.batchBytesMax + limits.lineBytesMax <= limits.bodyBytesMax, "any server must take any batch");
assert(limits.outboxBatchesMax < limits.seqsRememberedMax, "a receiver must remember all that an agent may repeat");
assert(limits.queueBytesSoft < limits.queueBytesHard, "refusals must begin before all is refused");
assert(
  4 * limits.readEntriesMax <= limits.commitStatesMax,
  "a commit must take what two reads change: a State and an Aggregate each",
);
assert(limits.bodyBytesMax <= limits.bodyBytesMost, "a default must be a legal setting");
assert(
  limits.bodyBytesMost + limits.postStatesMax * (limits.stateBytes + limits.openedStateBytes) <= limits.postsBytesMax,
  "a server that does nothing else must take any legal body",
);
assert(
  Math.max(limits.batchStatesMax, limits.clientTabsMax) <= limits.postStatesMax,
  "no batch of an agent or client may have too many States: they would drop it",
);
assert(limits.bodyBytesMax <= limits.queueBytesHard, "an empty queue must take any legal body");
assert(
  limits.bufferValuesMax * (limits.valueBytesMax + 60) + 8 * KIB <= limits.lineBytesMax,
  "a full Buffer, with two times to each value, must fit into a line",
);
