import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AppliedBatches } from "../../core/delivery.ts";
import { createRegistry } from "../../core/handlers/registry.ts";
import { limits } from "../../core/limits.ts";
import { StartTrouble } from "../../service/lifecycle.ts";
import { createLog } from "../../service/log.ts";
import { FakeServer, type Fate } from "../../tests/sim/fake_server.ts";
import { MemoryDisk } from "../../tests/sim/memory_disk.ts";
import { turn, until, VirtualTime } from "../../tests/sim/virtual_time.ts";
import { Agent } from "../agent.ts";
import { type Disk, type JournalOptions, openFolder, openJournal } from "./journal.ts";
import type { Journal } from "./journaling.ts";
import { MemoryFile } from "./memory_file.ts";

const FLUSH_MS = 500;

/** Agents that follow each other on one disk. */
class Fixture implements AsyncDisposable {
  readonly time = new VirtualTime();
  readonly server = new FakeServer(this.time);
  readonly logged: string[] = [];
  readonly #log = createLog({ clock: this.time.clock, write: (line) => this.logged.push(line.slice(25)), repeatS: 0 });
  readonly #options: Partial<JournalOptions & { batchBytesMax: number }>;
  disk: Disk;
  journal: Journal;
  agent: Agent;
  #isAlive = { value: true };
  #ended: Promise<unknown>[] = [];
  #agents = 0;

  constructor(disk: Disk, options: Partial<JournalOptions & { batchBytesMax: number }> = {}) {
    this.disk = disk;
    this.#options = options;
    [this.journal, this.agent] = this.#start();
  }

  /** The agent is killed, and another one started on what it left. */
  restart(disk: Disk): void {
    this.#kill();
    this.disk = disk;
    [this.journal, this.agent] = this.#start();
  }

  async post(lines: readonly unknown[]): Promise<{ status: number; text: string }> {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const response = await this.agent.fetch(new Request("http://agent/post", { method: "POST", body }));
    return { status: response.status, text: await response.text() };
  }

  async pass(ms: number): Promise<void> {
    await until(() => this.server.busy === 0, { what: "the server is idle" });
    await this.time.pass(ms);
  }

  async delivered(): Promise<void> {
    const isDone = () => {
      const { states, batches } = this.agent.status();
      return states === 0 && batches.open === 0 && this.server.busy === 0;
    };
    await until(isDone, { what: "all is delivered", step: () => this.pass(FLUSH_MS / 5) });
    const { events } = this.agent.status();
    const dropped = Object.values(events.dropped).reduce((sum, count) => sum + count, 0);
    assertEquals([events.folded + events.replayed, dropped], [events.acked, 0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await until(() => this.server.busy === 0, { what: "the server is idle" });
    await this.pass(1);
    await Promise.all(this.#ended);
  }

  #start(): readonly [Journal, Agent] {
    const { time, server } = this;
    const number = this.#agents++;
    const journal = openJournal(this.disk, {
      ...{ registry: server.registry, now: time.clock(), bytesMax: limits.journalBytesMax, fsync: false },
      ...{ newSender: () => `agent-${number}`, log: this.#log },
      ...this.#options,
    });
    const isAlive = this.#isAlive = { value: true };
    const agent = new Agent({
      ...{ registry: server.registry, journal, servers: ["http://one", "http://two"], flushMs: FLUSH_MS },
      ...{ statesMax: 1000, outboxBytesMax: 100_000, batchBytesMax: this.#options.batchBytesMax ?? 100_000 },
      ...{ clock: time.clock, random: () => 0.5, sleep: time.sleep, pause: turn, log: this.#log },
      fetch: async (request) => {
        if (!isAlive.value) throw new TypeError("the process is dead");
        return await server.fetch(request);
      },
    });
    this.#ended.push(agent.run());
    return [journal, agent];
  }

  #kill(): void {
    this.#isAlive.value = false;
    this.#ended.push(this.agent.stop(0));
    this.journal.close();
  }
}

function line(tab: string, count = 1): unknown {
  return { tab, type: "TotalsCounter", events: Array.from({ length: count }, () => [1]) };
}

function batch(seq: number, ...lines: readonly unknown[]): readonly unknown[] {
  return [{ client: "web-1", sender: "web-1", seq, low: 0 }, ...lines];
}

/** A small generator, so that a failing seed replays. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const fates: readonly Fate[] = ["answered", "answered", "lost", "unreached", { status: 503 }, { delayMs: 1500 }];

Deno.test("Journal: killed in any write, on a disk that fills up, all that was accepted counts once", async () => {
  let compactions = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const below = seeded(seed);
    const disk = new MemoryDisk();
    await using fixture = new Fixture(disk, {
      ...{ batchBytesMax: 300 + below(1000), fsync: below(2) === 1 },
      bytesMax: below(2) === 1 ? 64 * 300 : limits.journalBytesMax, // with little room, posts soon give way to States
    });
    const { server } = fixture;
    server.fate = () => fates[below(fates.length)];
    const accepted: Record<string, number> = {};
    for (let seq = 0; seq < 25; seq++) {
      const lines = Array.from({ length: 1 + below(4) }, () => [`tab-${below(9)}`, 1 + below(5)] as const);
      const posted = batch(seq, ...lines.map(([tab, count]) => line(tab, count)));
      const current = fixture.disk;
      assert(current instanceof MemoryDisk);
      if (below(3) === 0) current.changesLeft = below(12);
      current.bytesMax = below(4) === 0 ? current.bytes + below(500) : Number.MAX_SAFE_INTEGER;
      for (let attempt = 0;; attempt++) {
        const { status } = await fixture.post(posted);
        if (status === 200) break;
        await fixture.pass(below(2000));
        const { disk: now } = fixture;
        assert(now instanceof MemoryDisk);
        if (attempt > 5) now.bytesMax = Number.MAX_SAFE_INTEGER;
        if (now.isDead) fixture.restart(now.restarted());
      }
      for (const [tab, count] of lines) accepted[`${tab} web-1`] = (accepted[`${tab} web-1`] ?? 0) + count;
      await fixture.pass(below(1200));
      const { disk: now } = fixture;
      assert(now instanceof MemoryDisk);
      if (now.isDead || below(10) === 0) fixture.restart(now.restarted());
      if (below(4) === 0) assertMatch((await fixture.post(posted)).text, /"repeated":true|journal/);
    }
    compactions += fixture.journal.status()?.compactions ?? 0;
    assert(fixture.disk instanceof MemoryDisk);
    const last = fixture.disk.restarted();
    last.bytesMax = Number.MAX_SAFE_INTEGER;
    fixture.restart(last);
    await fixture.delivered();
    const books = Object.entries(server.events()).toSorted();
    assertEquals(books, Object.entries(accepted).toSorted(), `seed ${seed}`);
    assertEquals(fixture.journal.status()?.corruptFiles, 0);
    assertEquals(last.names().filter((name) => name.includes(".segment")), [], `seed ${seed}`);
  }
  assert(compactions > 0);
});

Deno.test("Journal: a restarted agent goes on under its old ids and knows what its clients have sent", async () => {
  await using fixture = new Fixture(new MemoryDisk());
  const { server } = fixture;
  server.fate = (index) => index === 0 ? "lost" : index < 4 ? "unreached" : "answered";
  await fixture.post(batch(0, line("bids", 3)));
  await fixture.pass(FLUSH_MS);
  await until(() => server.received.length > 0 && server.busy === 0, { what: "it is sent" });
  await fixture.post(batch(1, line("bids", 4)));
  assert(fixture.disk instanceof MemoryDisk);
  fixture.restart(fixture.disk.restarted());
  assertEquals(fixture.agent.status().sender, "agent-0");
  assertMatch((await fixture.post(batch(0, line("bids", 3)))).text, /"repeated":true/);
  assertMatch((await fixture.post(batch(1, line("bids", 4)))).text, /"repeated":true/);
  await fixture.delivered();
  assertEquals(server.events(), { "bids web-1": 7 });
  const { events, batches, journal } = fixture.agent.status();
  assertEquals([events.replayed, events.folded, events.acked], [7, 0, 7]);
  assert(fixture.logged.includes("info  replayed the journal events=7 batches=1"), fixture.logged.join("\n"));
  assertEquals([batches.repeated, batches.acked], [1, 2]);
  assertEquals([journal?.segments, journal?.tornRecords], [1, 0]);
  const headers = (await server.texts()).map((text) => JSON.parse(text.split("\n")[0]));
  assertEquals(new Set(headers.map(({ seq }) => seq)), new Set([0, 1]));

  assert(fixture.disk instanceof MemoryDisk);
  fixture.restart(fixture.disk.restarted());
  assertMatch((await fixture.post(batch(1, line("bids", 4)))).text, /"repeated":true/);
  await fixture.post(batch(2, line("bids", 5)));
  await fixture.delivered();
  assertEquals(JSON.parse((await server.texts()).at(-1)?.split("\n")[0] ?? "").seq, 2);
});

Deno.test("Journal: on a full disk posts get 503 while batches go on being sent, and posts are taken again", async () => {
  const disk = new MemoryDisk();
  await using fixture = new Fixture(disk);
  fixture.server.fate = (index) => index === 0 ? { delayMs: 3000 } : "answered";
  assertEquals((await fixture.post(batch(0, line("bids", 3)))).status, 200);
  disk.bytesMax = disk.bytes;
  const { status, text } = await fixture.post(batch(1, line("bids", 4)));
  assertEquals(status, 503);
  assertMatch(text, /"code":"journal_failed"/);
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "bids web-1": 3 });
  disk.bytesMax += 2 * limits.journalReserveBytes;
  assertEquals((await fixture.post(batch(1, line("bids", 4)))).status, 200);
  await fixture.delivered();
  assertEquals(fixture.server.events(), { "bids web-1": 7 });
  assert((fixture.journal.status()?.failures ?? 0) >= 1);
});

Deno.test("Journal: past its size posts get 503 with Retry-After, until servers have what it holds", async () => {
  await using fixture = new Fixture(new MemoryDisk(), { bytesMax: 1000 });
  let isDown = true;
  fixture.server.fate = () => isDown ? "unreached" : "answered";
  let seq = 0;
  while ((await fixture.post(batch(seq, line(`tab-${seq}`)))).status === 200) seq++;
  assert(seq > 1 && seq < 20, String(seq));
  const request = new Request("http://agent/post", { method: "POST", body: JSON.stringify(line("bids")) });
  const refused = await fixture.agent.fetch(request);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  assertEquals((await refused.json()).code, "journal_full");
  assertEquals(fixture.agent.status().posts.refused, { journal_full: 2 });
  assertEquals(fixture.logged.at(-1), "warn  refuses posts as the journal is full bytesMax=1000");
  isDown = false;
  await fixture.delivered();
  assertEquals((await fixture.post(batch(seq, line("bids")))).status, 200);
});

for (const fsync of [false, true]) {
  Deno.test(`Journal: what it remembers of delivered batches never fills it, ${fsync ? "with" : "without"} fsync`, async () => {
    await using fixture = new Fixture(new MemoryDisk(), { bytesMax: 3000, fsync });
    for (let seq = 0; seq < 120; seq++) {
      const header = { client: "web-1", sender: "web-1", seq, low: seq };
      const { status, text } = await fixture.post([header, line("bids")]);
      assertEquals(status, 200, `${seq}: ${text}`);
      await fixture.delivered();
      assert(fixture.disk instanceof MemoryDisk);
      if (seq % 40 === 39) fixture.restart(fixture.disk.restarted());
    }
    assertEquals(fixture.server.events(), { "bids web-1": 120 });
  });
}

Deno.test("Journal: a memory that grew in earlier lives is written anew", async () => {
  const disk = new MemoryDisk();
  const { memory } = MemoryFile.open(disk.open("memory"), new AppliedBatches());
  for (let first = 0; memory.length <= limits.journalMemoryBytesMax; first += 5000) {
    const seqs = Array.from({ length: 5000 }, (_, index) => first + index);
    const noted = seqs.map((seq) => ({ id: { sender: "web-1", seq, low: seq }, time: 1 }));
    memory.append({ sender: "agent-0", next: 0 }, noted);
  }
  await using fixture = new Fixture(disk);
  await fixture.journal.tend();
  const { bytes = Infinity } = fixture.journal.status() ?? {};
  assert(bytes < 1000, String(bytes));
});

Deno.test("Journal: attempts to write its memory anew that fail leave no file open and none behind", async () => {
  const disk = new MemoryDisk();
  let isBroken = false;
  const open = disk.open.bind(disk);
  const truncateSync = () => {
    throw new Error("Input/output error (os error 5)");
  };
  disk.open = (name) => isBroken ? { ...open(name), truncateSync } : open(name);
  await using fixture = new Fixture(disk, { bytesMax: 1000 });
  const { filesOpen } = disk;
  const large = batch(0, ...Array.from({ length: 20 }, (_, index) => line(`tab-${index}`)));
  const refuseLarge = async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      assertMatch((await fixture.post(large)).text, /"code":"journal_full"/);
    }
  };
  disk.bytesMax = disk.bytes;
  await refuseLarge();
  assertEquals([disk.filesOpen, disk.names().includes("memory.new")], [filesOpen, false]);
  disk.bytesMax = Number.MAX_SAFE_INTEGER;
  isBroken = true;
  await refuseLarge();
  assertEquals(disk.filesOpen, filesOpen);
  isBroken = false;
  assertEquals((await fixture.post(batch(0, line("bids")))).status, 200);
  await fixture.delivered();
});

Deno.test("stop: while the journal can't tell that a batch is sealed it tries again until it is given up, or can", async () => {
  for (const comesBack of [false, true]) {
    const disk = new MemoryDisk();
    await using fixture = new Fixture(disk);
    assertEquals((await fixture.post(batch(0, line("bids", 3)))).status, 200);
    const open = disk.open.bind(disk);
    disk.open = () => {
      throw new Error("Read-only file system (os error 30)");
    };
    disk.bytesMax = disk.bytes;
    let isStopped = false;
    const stopped = fixture.agent.stop(5000).then(() => isStopped = true);
    await fixture.pass(1000);
    assertEquals(isStopped, false);
    if (comesBack) {
      disk.open = open;
      disk.bytesMax = Number.MAX_SAFE_INTEGER;
    }
    await until(() => isStopped, { what: "it has stopped", step: () => fixture.pass(100) });
    await stopped;
    assertEquals(fixture.server.events(), comesBack ? { "bids web-1": 3 } : {});
    const left = "warn  could not send all before the stop: the next start does events=3 batches=0";
    assertEquals(fixture.logged.includes(left), !comesBack);
  }
});

Deno.test("Journal: with fsync a post is answered once the disk has it", async () => {
  const disk = new MemoryDisk();
  await using fixture = new Fixture(disk, { fsync: true });
  for (let seq = 0; seq < 3; seq++) {
    const before = disk.syncs;
    await fixture.post(batch(seq, line("bids")));
    assert(disk.syncs > before);
  }
});

Deno.test("Journal: a torn record is dropped, and what is corrupt is counted and told of", async () => {
  const cases = [[(bytes: Uint8Array) => bytes.slice(0, -1), { tornRecords: 1, corruptFiles: 0, events: 3 }], [
    (bytes: Uint8Array) => bytes.with(50, bytes[50] ^ 1),
    { tornRecords: 0, corruptFiles: 1, events: 0 },
  ]] as const;
  for (const [damage, expected] of cases) {
    await using fixture = new Fixture(new MemoryDisk());
    await fixture.post(batch(0, line("bids", 3)));
    await fixture.post(batch(1, line("bids", 4)));
    assert(fixture.disk instanceof MemoryDisk);
    const disk = fixture.disk.restarted();
    const [name = ""] = disk.names().filter((each) => each.endsWith(".segment"));
    disk.files.set(name, { bytes: damage(disk.files.get(name)?.bytes ?? new Uint8Array()) });
    fixture.restart(disk);
    const { tornRecords = 0, corruptFiles = 0 } = fixture.journal.status() ?? {};
    await fixture.delivered();
    assertEquals({ tornRecords, corruptFiles, events: fixture.server.events()["bids web-1"] ?? 0 }, expected);
    assertEquals(fixture.logged.some((each) => each.includes("is corrupt")), corruptFiles > 0);
  }
});

Deno.test("Journal: ids of a segment that lives for long are remembered beside it", async () => {
  const disk = new MemoryDisk();
  await using fixture = new Fixture(disk);
  const segment = fixture.journal.begin();
  for (let seq = 0; seq < 3000; seq++) {
    const id = { sender: "web-1", seq, low: Math.max(0, seq - 5) };
    segment.append({ id, sent: 1 }, []);
    fixture.journal.applied.note(id, 1);
    if (seq % 1000 === 0) await fixture.journal.tend();
  }
  await fixture.journal.tend();
  const bytes = disk.files.get("memory")?.bytes.length ?? 0;
  assert(bytes > 10_000, String(bytes));
  fixture.restart(disk.restarted());
  assertEquals(fixture.journal.applied.verdict({ sender: "web-1", seq: 2999, low: 0 }), "repeated");
});

Deno.test("openJournal: refuses what it can't rely on", () => {
  const registry = createRegistry();
  const log = createLog({ clock: () => 0, write: () => {} });
  const options = { registry, now: 0, bytesMax: 1e9, fsync: false, newSender: () => "agent-1", log };
  const lost = new MemoryDisk();
  lost.files.set("000000000001.segment", { bytes: new Uint8Array() });
  assertThrows(() => openJournal(lost, options), StartTrouble, 'its file "memory" is not there');
  const full = new MemoryDisk();
  full.bytesMax = 10;
  assertThrows(() => openJournal(full, options), StartTrouble, "No space left");
});

Deno.test("openFolder: a folder is of one process, and its files outlive it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const registry = createRegistry();
    const log = createLog({ clock: () => 0, write: () => {} });
    const options = { registry, now: 0, bytesMax: 1e9, fsync: true, log };
    const disk = openFolder(`${folder}/journal`);
    assertThrows(() => openFolder(`${folder}/journal`), StartTrouble, "another one holds it");
    const first = openJournal(disk, { ...options, newSender: () => "agent-1" });
    const id = { sender: "web-1", seq: 7, low: 7 };
    assert(first.begin().append({ id, sent: 5 }, []).ok);
    await first.synced();
    first.close();
    const second = openJournal(openFolder(`${folder}/journal`), { ...options, newSender: () => "agent-2" });
    assertEquals([second.sender, second.applied.verdict(id)], ["agent-1", "repeated"]);
    second.close();
    await Deno.writeTextFile(`${folder}/file`, "");
    assertThrows(() => openFolder(`${folder}/file`), StartTrouble, "must be a folder to write to");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
