// `@std/http/server-sent-event-stream` where JSR can't be reached (see assert.ts).
// @ts-types="./http_server_sent_event_stream.d.ts"
export * from "std/http/server_sent_event_stream.js";
