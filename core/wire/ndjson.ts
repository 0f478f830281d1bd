// The wire between client, agent and server: a batch as NDJSON. This is its door; the client imports the writer's
// file alone.
//
// A body is lines of JSON, ended by `\n` or `\r\n`, the last one also by the body's end. Blank lines are passed over.
// Lines are counted from 1, blank ones and the header too; a refusal names its line by that number.
//
// - The first line is the header if it has a key of one and none of `tab`, `events`, `state`: `taba` (the version, 2),
//   `client`, `sender` and `seq` (together), `low` (0 where left out), `sent`. A header that says anything else
//   refuses the body, since without its id the body might count twice.
// - Any other line has `tab`, and either `events` or `state`; where left out, `client` is the header's or "unknown",
//   `type` is CounterGroup. A line that says anything else is refused alone, and named. Keys that are not known are
//   refused by name: a misspelt key would lose what its sender meant without a word.
// - `events` are arrays `[time, value]` or `[value]`; two elements are always a time and a value. A time is seconds
//   since the epoch or null. No events are legal and count 0.
// - `state` is what the type's handler encoded: a base64 string for bytes, or JSON that is no string; `v` is the
//   version of that encoding, `n` how many events are in it, both 0 where left out.

export { NdjsonReader, type NdjsonReaderOptions, type Read } from "./ndjson_reader.ts";
export { type EventsLine, type StateLine, type WireLine, writeBatch } from "./ndjson_writer.ts";
