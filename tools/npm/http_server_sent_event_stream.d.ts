// The signatures of `@std/http/server-sent-event-stream`, for the mirror on npm, which ships none.

export interface ServerSentEventMessage {
  comment?: string;
  event?: string;
  data?: string;
  id?: string | number;
  retry?: number;
}

export declare class ServerSentEventStream extends TransformStream<ServerSentEventMessage, Uint8Array> {
  constructor();
}
