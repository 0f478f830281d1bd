import { assertEquals } from "@std/assert";
import type { PostAnswer } from "../event.ts";
import { readAnswer } from "./answer.ts";

Deno.test("readAnswer: reads what a receiver wrote", () => {
  const answers: readonly PostAnswer[] = [
    { lines: 0, events: 0, rejected: [] },
    { lines: 3, events: 48214, rejected: [{ line: 2, error: 'tab "build" is a CounterGroup, not a Gauge' }] },
    { lines: 0, events: 0, rejected: [], repeated: true },
    { lines: 1, events: 1, rejected: [{ line: 2, error: "", code: "denied" }], rejectedMore: 7 },
  ];
  for (const answer of answers) assertEquals(readAnswer(`${JSON.stringify(answer)}\n`), answer);
});

Deno.test("readAnswer: leaves out what it does not know", () => {
  const text = '{"lines":1,"events":2,"rejected":[{"line":3,"error":"no","column":4}],"repeated":false,"mood":"good"}';
  assertEquals(readAnswer(text), { lines: 1, events: 2, rejected: [{ line: 3, error: "no" }] });
});

Deno.test("readAnswer: anything else is no answer", () => {
  for (
    const text of [
      "",
      "<html>",
      "null",
      "[]",
      "{}",
      '{"lines":1,"events":2}',
      '{"lines":-1,"events":2,"rejected":[]}',
      '{"lines":1,"events":2.5,"rejected":[]}',
      '{"lines":1,"events":1e300,"rejected":[]}',
      '{"lines":"1","events":2,"rejected":[]}',
      '{"lines":1,"events":2,"rejected":{}}',
      '{"lines":1,"events":2,"rejected":[null]}',
      '{"lines":1,"events":2,"rejected":[{"line":"3","error":"no"}]}',
      '{"lines":1,"events":2,"rejected":[],"rejectedMore":-1}',
    ]
  ) assertEquals(readAnswer(text), undefined, text);
});
