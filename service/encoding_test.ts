import { assert, assertEquals, assertMatch } from "@std/assert";
import { clearImmediate, setImmediate } from "node:timers";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { RequestRefusal } from "../core/refusal.ts";
import { VirtualTime } from "../tests/sim/virtual_time.ts";
import { decodeBody, gzip } from "./encoding.ts";

const { sleep } = new VirtualTime();
const TEXT = new TextEncoder().encode("the same line again and again\n".repeat(10_000));

/** A body that comes in pieces, and what became of it. */
class Source {
  isCancelled = false;
  readonly #pieces: readonly Uint8Array[];
  readonly #then: "ends" | "breaks" | "hangs";
  #at = 0;

  /** After the pieces it ends; or breaks, or never comes to an end. */
  constructor(pieces: readonly Uint8Array[], then: "ends" | "breaks" | "hangs" = "ends") {
    this.#pieces = pieces;
    this.#then = then;
  }

  request(encoding: string): Request {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.isCancelled = true;
      },
    }, { highWaterMark: 0 });
    return request(body, encoding);
  }

  #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> | void {
    if (this.#at < this.#pieces.length) controller.enqueue(this.#pieces[this.#at++]);
    else if (this.#then === "ends") controller.close();
    else if (this.#then === "breaks") controller.error(new Error("connection reset"));
    else return new Promise(() => {});
  }
}

function request(body: ReadableStream | Uint8Array | string | null, encoding?: string): Request {
  const headers: HeadersInit = encoding === undefined ? {} : { "content-encoding": encoding };
  const init = body instanceof Uint8Array ? new Uint8Array(body) : body;
  return new Request("http://host/post", { method: "POST", body: init, headers });
}

interface Decoded {
  readonly bytes: Uint8Array;
  readonly refusals: readonly RequestRefusal[];
}

async function decode(from: Request, bytesMax = 10_000_000): Promise<Decoded> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const refusals: RequestRefusal[] = [];
  for await (const chunk of decodeBody(from, { bytesMax, sleep })) {
    assertEquals(refusals, [], "a refusal is the last item");
    if (chunk.ok) chunks.push(new Uint8Array(chunk.value));
    else refusals.push(chunk.refusal);
  }
  return { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()), refusals };
}

async function assertDecodes(from: Request, expected: Uint8Array): Promise<void> {
  const { bytes, refusals } = await decode(from);
  assertEquals(refusals, []);
  assertEquals(bytes, expected);
}

async function assertRefused(from: Request, code: RequestRefusal["code"], message: RegExp): Promise<void> {
  const { refusals } = await decode(from);
  assertEquals(refusals.map((refusal) => refusal.code), [code]);
  assertMatch(refusals[0].message, message);
  assert(!refusals[0].message.includes("\n"));
}

function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.slice(index * size, (index + 1) * size),
  );
}

Deno.test("decodeBody: reads identity, gzip and both kinds of deflate, however the names are written", async () => {
  await assertDecodes(request(TEXT), TEXT);
  for (const name of ["identity", "", " Identity "]) await assertDecodes(request(TEXT, name), TEXT);
  for (const name of ["gzip", "GZIP", " gzip ", "x-gzip"]) await assertDecodes(request(gzipSync(TEXT), name), TEXT);
  await assertDecodes(request(deflateSync(TEXT), "deflate"), TEXT);
  await assertDecodes(request(deflateRawSync(TEXT), "deflate"), TEXT);
});

Deno.test("decodeBody: reads a body however it is cut", async () => {
  for (const size of [1, 7, 1000]) {
    await assertDecodes(new Source(inPieces(gzipSync(TEXT), size)).request("gzip"), TEXT);
    await assertDecodes(new Source(inPieces(deflateSync(TEXT), size)).request("deflate"), TEXT);
  }
});

Deno.test("decodeBody: reads a gzip body of several members to its end", async () => {
  const member = gzipSync("one\n");
  const two = new Source([new Uint8Array([...member, ...member]), member]);
  await assertDecodes(two.request("gzip"), new TextEncoder().encode("one\none\none\n"));
});

Deno.test("decodeBody: gives nothing for a request without a body", async () => {
  await assertDecodes(request(null), new Uint8Array(0));
});

Deno.test("decodeBody: refuses an encoding that it does not know, and names those that it does", async () => {
  const source = new Source([TEXT]);
  await assertRefused(
    source.request("br"),
    "encoding_unknown",
    /one of identity, gzip.*deflate: current value is "br"/,
  );
  assert(source.isCancelled);
  await assertRefused(request(TEXT, "gzip, gzip"), "encoding_unknown", /"gzip, gzip"/);
});

Deno.test("decodeBody: refuses a body that is cut short or corrupt", async () => {
  for (const [encoding, whole] of [["gzip", gzipSync(TEXT)], ["deflate", deflateSync(TEXT)]] as const) {
    await assertRefused(request(whole.subarray(0, -5), encoding), "body_malformed", /to its end/);
    await assertRefused(request(whole.with(100, whole[100] ^ 0xff), encoding), "body_malformed", /to its end/);
    await assertRefused(request("plain text", encoding), "body_malformed", /to its end/);
    await assertRefused(request("", encoding), "body_malformed", /to its end/);
    const broken = new Source([whole.subarray(0, 50)], "breaks").request(encoding);
    await assertRefused(broken, "body_malformed", /connection reset/);
  }
  await assertRefused(new Source([TEXT], "breaks").request("identity"), "body_malformed", /connection reset/);
});

Deno.test("decodeBody: takes a body of the limit and refuses one of a byte more, decompressed", async () => {
  for (const body of [request(TEXT), request(gzipSync(TEXT), "gzip"), request(deflateSync(TEXT), "deflate")]) {
    assertEquals((await decode(body.clone(), TEXT.length)).bytes.length, TEXT.length);
    const { refusals } = await decode(body, TEXT.length - 1);
    assertEquals(refusals.map((refusal) => refusal.code), ["body_too_large"]);
    assertMatch(refusals[0].message, /more than 299999 bytes/);
  }
});

Deno.test("decodeBody: refuses a content-length beyond the limit before it reads", async () => {
  const source = new Source([], "hangs");
  const from = source.request("identity");
  from.headers.set("content-length", "1001");
  const { refusals } = await decode(from, 1000);
  assertEquals(refusals.map((refusal) => refusal.code), ["body_too_large"]);
  assert(source.isCancelled);
});

Deno.test("decodeBody: refuses what decompresses to too much while it comes, holding little of it", async () => {
  const bomb = gzipSync(new Uint8Array(100_000_000));
  const source = new Source(inPieces(bomb, 1000), "hangs");
  const { bytes, refusals } = await decode(source.request("gzip"), 1_000_000);
  assertEquals(refusals.map((refusal) => refusal.code), ["body_too_large"]);
  assert(bytes.length <= 1_000_000);
  assert(source.isCancelled);
});

Deno.test("decodeBody: closes the request's stream where its reader stops early", async () => {
  for (
    const [encoding, body] of [["identity", TEXT], ["gzip", gzipSync(TEXT)], ["deflate", deflateSync(TEXT)]] as const
  ) {
    const source = new Source([body.subarray(0, 300)], "hangs");
    for await (const chunk of decodeBody(source.request(encoding), { bytesMax: 10_000_000, sleep })) {
      assert(chunk.ok);
      break;
    }
    assert(source.isCancelled, encoding);
  }
});

Deno.test("gzip: gives what decodeBody reads as the same, chunks asked for one by one", async () => {
  let asked = 0;
  function* chunks(): Iterable<Uint8Array> {
    for (const piece of inPieces(TEXT, 64 * 1024)) {
      asked++;
      yield piece;
    }
  }
  const compressed = await gzip(chunks());
  assertEquals(asked, 5);
  assert(compressed.length < TEXT.length / 20);
  await assertDecodes(request(compressed, "gzip"), TEXT);
  await assertDecodes(request(await gzip([]), "gzip"), new Uint8Array(0));
});

Deno.test("gzip: lets the event loop run between chunks", async () => {
  let turns = 0;
  const turn = () => {
    turns++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  await gzip(Array.from({ length: 20 }, () => crypto.getRandomValues(new Uint8Array(60_000))));
  clearImmediate(immediate);
  assert(turns >= 20, `${turns} turns`);
});
