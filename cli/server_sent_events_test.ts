import { assertEquals } from "@std/assert";
import { type ServerSentEvent, ServerSentEvents } from "./server_sent_events.ts";

function read(text: string, cuts: readonly number[] = []): readonly ServerSentEvent[] {
  const bytes = new TextEncoder().encode(text);
  const events = new ServerSentEvents();
  const ends = [...cuts, bytes.length];
  return ends.flatMap((end, index) => [...events.feed(bytes.subarray(index === 0 ? 0 : ends[index - 1], end))]);
}

const TEXT =
  ': heartbeat\n\nevent: tabs\ndata: {"価":1}\n\nevent: trouble\r\ndata: a\r\ndata:b\r\nid: 7\r\n\r\ndata\n\ndata: lost';
const EVENTS = [
  { event: "tabs", data: '{"価":1}' },
  { event: "trouble", data: "a\nb" },
  { event: "message", data: "" },
];

Deno.test("server-sent events: comments, ids and what the end cuts off are passed over", () => {
  assertEquals(read(TEXT), EVENTS);
});

Deno.test("server-sent events: read the same however the body is cut", () => {
  const { length } = new TextEncoder().encode(TEXT);
  for (let first = 0; first <= length; first++) {
    for (let second = first; second <= length; second += 3) assertEquals(read(TEXT, [first, second]), EVENTS);
  }
});
