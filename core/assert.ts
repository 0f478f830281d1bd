// The third way to fail: a bug. What must hold is asserted; what may go wrong is a value (see refusal.ts).

/** A broken invariant of our own. Never caught to go on: a server or agent logs it and exits, the client counts it. */
export class BugError extends Error {
  override readonly name = "BugError";
}

/** @throws {BugError} where `condition` is false; `why` says why it must hold. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new BugError(why);
}

/** The default of a switch over a union: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new BugError(`a case is missing for ${JSON.stringify(value)}`);
}
