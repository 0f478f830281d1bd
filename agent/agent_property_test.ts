import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { createLog } from "../service/log.ts";
import { FakeServer, type Fate } from "../tests/sim/fake_server.ts";
import { turn, until, VirtualTime } from "../tests/sim/virtual_time.ts";
import { Agent } from "./agent.ts";
import { NoJournal } from "./journal/journaling.ts";

interface Post {
  readonly client: string;
  readonly lines: readonly (readonly [tab: string, values: readonly number[]])[];
  /** The client posts it so often, as if it had lost the answers. */
  readonly times: number;
  readonly passesMs: number;
}

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("answered") },
  { weight: 6, arbitrary: fc.constantFrom("lost", "unreached", "hung", "garbled") },
  { weight: 3, arbitrary: fc.constantFrom<Fate>({ status: 503 }, { status: 429, retryAfter: "3" }, { status: 502 }) },
  { weight: 3, arbitrary: fc.record({ delayMs: fc.integer({ min: 1, max: 20_000 }) }) },
);

const post: fc.Arbitrary<Post> = fc.record({
  client: fc.constantFrom("web-1", "web-2", "web-3"),
  lines: fc.array(
    fc.tuple(fc.constantFrom("bids", "wins", "losses"), fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 5 })),
    { minLength: 1, maxLength: 4 },
  ),
  times: fc.integer({ min: 1, max: 3 }),
  passesMs: fc.constantFrom(0, 100, 500, 2000),
});

/** "tab client" to count and total. */
type Books = Record<string, { count: number; total: number }>;

function note(books: Books, client: string, lines: Post["lines"]): void {
  for (const [tab, values] of lines) {
    const book = books[`${tab} ${client}`] ??= { count: 0, total: 0 };
    book.count += values.length;
    book.total += values.reduce((sum, value) => sum + value, 0);
  }
}

function booksOf(server: FakeServer): Books {
  return Object.fromEntries([...server.ledger].map(({ tab, client, handler, state }) => {
    const rendered = JSON.parse(JSON.stringify(handler.render(state, 0)));
    return [`${tab} ${client}`, { count: rendered.count, total: rendered.total }];
  }));
}

Deno.test("Agent: whatever goes wrong on the way, servers count what was accepted once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(post, { minLength: 1, maxLength: 30 }),
      fc.array(fate, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (posts, fates, random) => {
        const time = new VirtualTime();
        const server = new FakeServer(time);
        server.fate = (index) => fates[index] ?? "answered";
        const agent = new Agent({
          registry: server.registry,
          servers: ["http://one", "http://two"],
          journal: new NoJournal("agent-1"),
          flushMs: 300,
          statesMax: 1000,
          outboxBytesMax: 100_000,
          batchBytesMax: 500,
          clock: time.clock,
          random: () => random.next().value,
          sleep: time.sleep,
          pause: turn,
          fetch: server.fetch,
          log: createLog({ clock: time.clock, write: () => {} }),
        });
        const running = agent.run();

        const accepted: Books = {};
        for (const [seq, { client, lines, times, passesMs }] of posts.entries()) {
          const header = { client, sender: client, seq, low: 0 };
          const body = [
            header,
            ...lines.map(([tab, values]) => ({
              ...{ tab, type: "TotalsCounter" },
              events: values.map((value) => [value]),
            })),
          ].map((line) => `${JSON.stringify(line)}\n`).join("");
          const answers = await Promise.all(Array.from({ length: times }, async () => {
            const response = await agent.fetch(new Request("http://agent/post", { method: "POST", body }));
            return { status: response.status, ...await response.json() };
          }));
          assertEquals(answers.filter(({ repeated }) => !repeated).length, 1);
          assertEquals(answers.every(({ status }) => status === 200), true);
          note(accepted, client, lines);
          await until(() => server.busy === 0, { what: "the server is idle" });
          await time.pass(passesMs);
        }
        let isStopped = false;
        const stopped = agent.stop(3_600_000).then(() => isStopped = true);
        await until(() => isStopped, {
          what: "all is delivered",
          step: () => server.busy === 0 ? time.pass(500) : turn(),
        });
        await Promise.all([stopped, running]);
        assertEquals(booksOf(server), accepted);
        const { events, batches } = agent.status();
        assertEquals([events.folded, events.held, events.open], [events.acked, 0, 0]);
        assertEquals([batches.open, batches.sealed], [0, batches.acked]);
      },
    ),
    { numRuns: 200, seed: 20141123 },
  );
});
