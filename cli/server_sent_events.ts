// Server-sent events out of the pieces of a body, as https://html.spec.whatwg.org/multipage/server-sent-events.html has
// them. Ids and retry times are of no use here and are passed over.

export interface ServerSentEvent {
  /** "message" where the server names none. */
  readonly event: string;
  readonly data: string;
}

export class ServerSentEvents {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #event = "";
  #data: string[] = [];

  /** The events that this piece completes. One that the body's end cuts off never was. */
  *feed(bytes: Uint8Array): Generator<ServerSentEvent> {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    // A carriage return at the very end may be half of a line's end.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.#take(line);
      if (event !== undefined) yield event;
    }
  }

  #take(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const [event, data] = [this.#event, this.#data];
    this.#event = "";
    this.#data = [];
    return data.length === 0 ? undefined : { event: event === "" ? "message" : event, data: data.join("\n") };
  }
}
