// Reads the Prometheus text format, version 0.0.4, more strictly than Prometheus itself: for tests of what we write.

import { assert, assertMatch } from "@std/assert";

export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  /** Values by labels as they are written, e.g. `tab="bids",window="1m"`; "" for none. */
  readonly values: Map<string, number>;
}

const LABEL = /[A-Za-z_][A-Za-z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"/;
const LABELS = new RegExp(`^${LABEL.source}(?:,${LABEL.source})*$`);

/** Families by name. All lines of one must stand together, beginning with HELP and TYPE, and no series come twice. */
export function readPrometheus(text: string): ReadonlyMap<string, ReadFamily> {
  assert(text === "" || text.endsWith("\n"), "the last line must have an end");
  const families = new Map<string, ReadFamily>();
  let name = "";
  const lines = text.split("\n").slice(0, -1);
  for (let index = 0; index < lines.length; index++) {
    const head = /^# HELP (\S+) (.+)$/.exec(lines[index]);
    if (head !== null) {
      name = head[1];
      assert(!families.has(name), `${name} must come once`);
      const type = /^# TYPE (\S+) (counter|gauge)$/.exec(lines[++index] ?? "");
      assert(type !== null && type[1] === name, `the type of ${name} must follow its help`);
      assert(type[2] !== "counter" || name.endsWith("_total"), name);
      families.set(name, { type: type[2], help: head[2], values: new Map() });
      continue;
    }
    const sample = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(lines[index]);
    assert(sample !== null && sample[1] === name, `a sample of ${name} must follow: ${lines[index]}`);
    const [, , labels = "", value] = sample;
    if (labels !== "") assertMatch(labels, LABELS);
    const labelNames = labels.match(/(?<=^|",)[A-Za-z0-9_]+(?==")/g) ?? [];
    assert(new Set(labelNames).size === labelNames.length, `no label may come twice: ${lines[index]}`);
    assert(!Number.isNaN(Number(value)), lines[index]);
    const values = families.get(name)?.values;
    assert(values !== undefined && !values.has(labels), `${lines[index]} must come once`);
    values.set(labels, Number(value));
  }
  return families;
}
