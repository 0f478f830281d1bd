import { assert, assertEquals, assertRejects } from "@std/assert";
import { createRegistry } from "../core/handlers/registry.ts";
import { limits } from "../core/limits.ts";
import {
  detailedOf,
  formatOf,
  jsonArray,
  jsonOf,
  lines,
  type Row,
  rowOf,
  sortedIfFew,
  streamed,
  textOf,
} from "./render.ts";

const registry = createRegistry();

async function* each<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  yield* values;
}

async function whole(pieces: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(pieces)).join("");
}

function row(name: string, client = "", value = "1"): Row {
  return { name, client, value };
}

function counterGroup(...values: readonly number[]) {
  const handler = registry.get("CounterGroup");
  assert(handler !== undefined);
  const state = handler.create("");
  for (const value of values) handler.fold(state, 1000, value);
  return { ok: true, handler, state } as const;
}

Deno.test("formatOf: text unless JSON is asked for", () => {
  const of = (accept: string) => formatOf(new Request("http://taba/", { headers: { accept } }));
  assertEquals(of("*/*"), "text");
  assertEquals(of("text/plain"), "text");
  assertEquals(of("application/json"), "json");
  assertEquals(of("application/json-detailed"), "detailed");
  assertEquals(of("application/json-detailed, application/json;q=0.5"), "detailed");
});

Deno.test("rowOf: a CounterGroup in text, to the letter", async () => {
  const found = { name: "winning_bid_price", client: "", content: counterGroup(2, 2) };
  const text = await whole(textOf(each([rowOf(found, "text", 1000)])));
  const [name, ...windows] = text.split("\n");
  assertEquals(name, "winning_bid_price: {");
  assertEquals(windows[0], '"1m": {"count": 2, "total": 4.00},');
  assertEquals(text.endsWith("]}\n"), true);
});

Deno.test("rowOf: detailed JSON says what the value is and what is behind it", () => {
  const { value } = rowOf({ name: "bids", client: "", content: counterGroup(1) }, "detailed", 1000);
  const detailed = JSON.parse(value);
  assertEquals([detailed.type, detailed.value["1m"]], ["CounterGroup", { count: 1, total: 1 }]);
  assertEquals([detailed.relativeError, detailed.lateDropped, detailed.detail.late], [0.005, 0, 0]);
});

Deno.test("detailedOf: rows as in JSON, with when they were read and which shards could not be", async () => {
  const missing = new Set<string>();
  async function* rows() {
    yield row("a");
    missing.add("shard2");
  }
  const detailed = JSON.parse(await whole(detailedOf(rows(), { asOf: 1000.5, missing })));
  assertEquals(detailed, { asOf: 1000.5, rows: { a: 1 }, complete: false, missing: ["shard2"] });
  const empty = JSON.parse(await whole(detailedOf(each([]), { asOf: 7, missing: new Set() })));
  assertEquals(empty, { asOf: 7, rows: {}, complete: true, missing: [] });
});

Deno.test("rowOf: what can't be read says so in every form", () => {
  const found = { name: "build", client: "", content: { ok: false, why: "type X is unknown here" } } as const;
  assertEquals(rowOf(found, "text", 0).value, "cannot be shown: type X is unknown here");
  for (const format of ["json", "detailed"] as const) {
    assertEquals(JSON.parse(rowOf(found, format, 0).value), { error: "cannot be shown: type X is unknown here" });
  }
});

Deno.test("textOf: name and value, or name, client and value", async () => {
  assertEquals(await whole(textOf(each([row("a"), row("a", "web-1", "2")]))), "a: 1\na web-1: 2\n");
  assertEquals(await whole(textOf(each([]))), "");
});

Deno.test("jsonOf: one object, with one more within a name that has clients", async () => {
  const json = async (...rows: readonly Row[]) => {
    const text = await whole(jsonOf(each(rows)));
    assert(text.endsWith("\n"));
    return JSON.parse(text);
  };
  assertEquals(await json(), {});
  assertEquals(await json(row("a"), row('b"')), { a: 1, 'b"': 1 });
  assertEquals(await json(row("a", "x"), row("a", "y", "2"), row("b", "x")), { a: { x: 1, y: 2 }, b: { x: 1 } });
});

Deno.test("lines and jsonArray: bare names", async () => {
  assertEquals(await whole(lines(each(["a", "b"]))), "a\nb\n");
  assertEquals(await whole(jsonArray(each(["a", 'b"']))), '["a","b\\""]\n');
  assertEquals([await whole(lines(each([]))), await whole(jsonArray(each([])))], ["", "[]\n"]);
});

Deno.test("sortedIfFew: by name and client up to the limit, as they come beyond it", async () => {
  const few = [row("b"), row("a", "y"), row("a", "x"), row("a")];
  assertEquals(await Array.fromAsync(sortedIfFew(each(few))), [row("a"), row("a", "x"), row("a", "y"), row("b")]);
  const many = Array.from({ length: limits.rowsSortedMax + 5 }, (_, index) => row(String(9000 - index)));
  assertEquals(await Array.fromAsync(sortedIfFew(each(many))), many);
  const large = ["b", "a"].map((name) => row(name, "", "x".repeat(limits.charactersSortedMax)));
  assertEquals(await Array.fromAsync(sortedIfFew(each(large))), large);
});

Deno.test("streamed: is made while it is read, in chunks", async () => {
  let made = 0;
  async function* pieces() {
    for (; made < 100; made++) yield "x".repeat(10_000);
  }
  const response = await streamed(pieces(), "json");
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
  assert(made < 15, `${made} pieces were made before anyone read`);
  const chunks = await Array.fromAsync(response.body ?? []);
  assertEquals(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0), 1_000_000);
  assert(chunks.length > 10, "it came in chunks");
});

Deno.test("streamed: trouble at its beginning is thrown, trouble later breaks the body off", async () => {
  async function* troubled(pieces: number) {
    for (let piece = 0; piece < pieces; piece++) yield "x".repeat(10_000);
    throw new Error("trouble");
  }
  await assertRejects(() => streamed(troubled(1), "text"), Error, "trouble");
  const response = await streamed(troubled(10), "text");
  await assertRejects(() => response.text(), Error, "trouble");
});

Deno.test("streamed: a reader that goes away ends the making", async () => {
  let isEnded = false;
  async function* pieces() {
    try {
      for (;;) yield "x".repeat(10_000);
    } finally {
      isEnded = true;
    }
  }
  const response = await streamed(pieces(), "text");
  await response.body?.cancel();
  assert(isEnded);
});
