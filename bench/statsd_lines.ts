// StatsD lines and datagrams full of them for benchmarks. Names and values are drawn at random from a seed.

const DATAGRAM_BYTES = 1400;

const utf8 = new TextEncoder();
let seed = 4;

/** A whole number below `limit` (Numerical Recipes' generator). */
function below(limit: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor(seed / 2 ** 32 * limit);
}

function name(tab: number): string {
  return `service.web.endpoint_${tab}.latency`;
}

const value = () => (below(100_000) / 100).toString();

export const lines = {
  counter: (tab: number) => `${name(tab)}:${1 + below(3)}|c`,
  timer: (tab: number) => `${name(tab)}:${value()}|ms`,
  sampled: (tab: number) => `${name(tab)}:${1 + below(3)}|c|@0.1`,
  tagged: (tab: number) => `${name(tab)}:${value()}|d|#env:prod,region:eu-west-1,status:200`,
  packed: (tab: number) => `${name(tab)}:${Array.from({ length: 10 }, value).join(":")}|ms`,
  gauge: (tab: number) => `${name(tab)}:${value()}|g`,
  delta: (tab: number) => `${name(tab)}:+${value()}|g`,
} as const;

export interface Load {
  readonly line: (tab: number) => string;
  readonly tabs: number;
  /** As many lines as fit are in one datagram, and at least one. */
  readonly datagramBytes?: number;
}

export function datagramsOf(load: Load, count: number): Uint8Array<ArrayBuffer>[] {
  const { line, tabs, datagramBytes = DATAGRAM_BYTES } = load;
  const datagrams: Uint8Array<ArrayBuffer>[] = [];
  let text = "";
  for (let index = 0; index < count; index++) {
    const next = line(below(tabs));
    if (text !== "" && text.length + 1 + next.length > datagramBytes) {
      datagrams.push(utf8.encode(text));
      text = "";
    }
    text += text === "" ? next : `\n${next}`;
  }
  datagrams.push(utf8.encode(text));
  return datagrams;
}
