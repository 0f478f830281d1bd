// The wire between client, agent and server: NDJSON, a body of lines of JSON with an optional header. This is its
// door; the client imports the writer's file alone.

export { NdjsonReader, type NdjsonReaderOptions, type Read } from "./ndjson_reader.ts";
export { type EventsLine, type StateLine, type WireLine, writeBatch } from "./ndjson_writer.ts";
