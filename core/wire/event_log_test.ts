import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EventLog } from "./event_log.ts";

interface LogLine {
  readonly entry: number;
  readonly time: number;
  readonly values: readonly number[];
}

type Drained = [entry: number, lines: number, times: number[], values: number[]][];

function drained(log: EventLog): Drained {
  const found: Drained = [];
  log.drain((entry, { count, times, values }, lines) => {
    found.push([entry, lines, [...times.subarray(0, count)], [...values.subarray(0, count)]]);
  });
  return found;
}

/** The same with a list for each entry. */
function model(lines: readonly LogLine[]): Drained {
  const byEntry = new Map<number, Drained[number]>();
  for (const { entry, time, values } of lines) {
    const list = byEntry.get(entry) ?? [entry, 0, [], []];
    byEntry.set(entry, list);
    list[1]++;
    for (const value of values) {
      list[2].push(time);
      list[3].push(value);
    }
  }
  return [...byEntry.values()];
}

Deno.test("EventLog: gives out what came, entry by entry, each in its order, and begins anew", () => {
  const line = fc.record({
    entry: fc.nat({ max: 7 }),
    time: fc.integer(),
    values: fc.array(fc.integer(), { minLength: 1, maxLength: 4 }),
  });
  const rounds = fc.array(fc.array(line, { maxLength: 25 }), { maxLength: 4 });
  fc.assert(
    fc.property(rounds, (rounds) => {
      const log = new EventLog({ eventsMax: 100, entriesMax: 8 });
      for (const lines of rounds) {
        for (const { entry, time, values } of lines) {
          log.add(entry, { time, values: Float64Array.from([...values, 99]), count: values.length });
        }
        assertEquals(drained(log), model(lines));
      }
    }),
    { numRuns: 1000, seed: 4 },
  );
});

Deno.test("EventLog: knows what it has room for", () => {
  const log = new EventLog({ eventsMax: 5, entriesMax: 2 });
  log.add(1, { time: 1, values: Float64Array.of(1, 2, 3), count: 3 });
  assertEquals([2, 3].map((count) => log.hasRoomFor(count)), [true, false]);
  drained(log);
  assertEquals(log.hasRoomFor(5), true);
});

Deno.test("EventLog: one entry may have all events", () => {
  const log = new EventLog({ eventsMax: 5000, entriesMax: 2 });
  for (let index = 0; index < 5000; index++) log.add(1, { time: index, values: Float64Array.of(-index), count: 1 });
  const [[entry, lines, times, values]] = drained(log);
  assertEquals([entry, lines, times.length, times[4999], values[4999]], [1, 5000, 5000, 4999, -4999]);
});
