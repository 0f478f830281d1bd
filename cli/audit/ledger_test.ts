import { assertEquals } from "@std/assert";
import { type Book, type Books, excess, ledgerOf, refusalsOf } from "./ledger.ts";

const agent: Book = {
  address: "http://agent",
  status: {
    events: {
      folded: 90,
      replayed: 10,
      held: 5,
      open: 15,
      acked: 70,
      rejected: 3,
      dropped: { refused: 4, tabs_full: 3 },
    },
    posts: { refused: { body_malformed: 2 } },
    lines: { refused: { type_conflict: 1 } },
    statsd: { refused: { line_malformed: 0 } },
  },
};

function server(accepted: number): Book {
  return {
    address: `http://server-${accepted}`,
    status: {
      ingest: { events: { accepted }, posts: { refused: {} }, lines: { refused: { name_illegal: 5 } } },
    },
  };
}

const clients = { clients: 2, recorded: 130, acked: 125, pending: 3, droppedByReason: new Map([["tabs_full", 2]]) };
const store = { queues: { entries: 2 }, events: { enqueued: 100, committed: 80 } };
const books: Books = { clients, agents: [agent], servers: [server(60), server(40)], store };

function off(changed: Partial<Books>): readonly (readonly [string, number])[] {
  return ledgerOf({ ...books, ...changed }).map((line) => [line.what, excess(line)] as const).filter(([, by]) =>
    by !== 0
  );
}

Deno.test("ledger: books that are right balance, line by line", () => {
  assertEquals(ledgerOf(books).map(({ what }) => what), [
    "2 clients",
    "agent http://agent",
    "acknowledged to clients",
    "acknowledged to agents",
    "accepted by servers",
    "queues",
  ]);
  assertEquals(off({}), []);
});

Deno.test("ledger: what went missing, or appeared from nowhere, shows by its amount", () => {
  const lost: Book = { address: "http://agent", status: { events: { folded: 90, acked: 70, open: 15, held: 4 } } };
  assertEquals(off({ clients: undefined, agents: [lost] }), [["agent http://agent", 1]]);
  assertEquals(off({ store: { ...store, events: { enqueued: 100, committed: 99 } } }), [["queues", 1]]);
  assertEquals(off({ clients: undefined, store: { ...store, events: { enqueued: 60, committed: 80 } } }), [
    ["acknowledged to agents", 10],
    ["accepted by servers", 40],
    ["queues", 22],
  ]);
});

Deno.test("ledger: what clients were told is accepted is in the store, or stays with an agent", () => {
  // 5 held, 15 under way, 3 rejected and 7 dropped are with the agent, beside the 100 of the store.
  assertEquals(off({ clients: { ...clients, recorded: 135, acked: 130 } }), []);
  assertEquals(off({ clients: { ...clients, recorded: 136, acked: 131 } }), [["acknowledged to clients", 1]]);
  assertEquals(off({ clients: { ...clients, recorded: 105, acked: 101 } }), [["2 clients", -1]]);
  assertEquals(off({ agents: [], clients: { ...clients, recorded: 105, acked: 100 } }), []);
});

Deno.test("ledger: nothing may be queued where no entry waits", () => {
  assertEquals(off({ store: { ...store, queues: { entries: 0 } } }), [["queues", -20]]);
  const committed = { queues: { entries: 0 }, events: { enqueued: 100, committed: 100 } };
  assertEquals(off({ store: committed }), []);
});

Deno.test("ledger: servers that have ended, and agents that were not asked, leave no line off", () => {
  assertEquals(off({ servers: [server(10)] }), []);
  assertEquals(off({ clients: undefined, agents: [] }), []);
});

Deno.test("ledger: without figures of the store there are those of clients and agents", () => {
  assertEquals(ledgerOf({ ...books, store: { error: "no store" } }).map(({ what }) => what), [
    "2 clients",
    "agent http://agent",
  ]);
});

Deno.test("refusalsOf: each reason by who refused and what was counted", () => {
  assertEquals([...refusalsOf({ ...books, servers: [server(1)] })].map((each) => Object.values(each).join(" ")), [
    "2 clients events tabs_full 2",
    "agent http://agent posts body_malformed 2",
    "agent http://agent lines type_conflict 1",
    "agent http://agent events refused 4",
    "agent http://agent events tabs_full 3",
    "server http://server-1 lines name_illegal 5",
  ]);
});
