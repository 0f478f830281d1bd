// Calls that must reach replicas before they are answered, in groups: while one group waits for its replicas the next one
// gathers, and all of a group share one WAIT. So waiting costs a round trip a group, however many call.

/** What became of a group: each call by itself, and how many replicas have confirmed all of them. */
export interface Waited {
  readonly outcomes: readonly PromiseSettledResult<unknown>[];
  readonly confirmed: number;
}

interface Group<Call> {
  readonly calls: Call[];
  readonly sent: Promise<Waited>;
}

export class WaitGroups<Call> {
  readonly #send: (calls: readonly Call[]) => Promise<Waited>;
  #gathering: Group<Call> | undefined;
  #before: Promise<unknown> = Promise.resolve();

  /** `send` sends calls and waits for their replicas; it is called for one group at a time. */
  constructor(send: (calls: readonly Call[]) => Promise<Waited>) {
    this.#send = send;
  }

  /** Sends a call with its group. Rejects as `send` does, or as this call did. */
  async run(call: Call): Promise<{ readonly reply: unknown; readonly confirmed: number }> {
    const group = this.#gathering ?? this.#gather();
    const index = group.calls.push(call) - 1;
    const { outcomes, confirmed } = await group.sent;
    const outcome = outcomes[index];
    if (outcome.status === "rejected") throw outcome.reason;
    return { reply: outcome.value, confirmed };
  }

  /** Opens a group that is sent when the one before is through. */
  #gather(): Group<Call> {
    const calls: Call[] = [];
    const sent = this.#before.then(() => {
      this.#gathering = undefined;
      return this.#send(calls);
    });
    this.#before = sent.catch(() => undefined); // whoever called hears of it
    this.#gathering = { calls, sent };
    return this.#gathering;
  }
}
