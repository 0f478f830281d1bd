// The one way to start work that nobody waits for. Its failure is a bug: it reaches the process as an uncaught error,
// on which lifecycle.ts logs and ends it.

/** Lets `promise` run on its own. Whoever starts it has handled all trouble inside; a rejection ends the process. */
export function background(name: string, promise: Promise<unknown>): void {
  promise.catch((cause) => reportError(new Error(`background work "${name}" failed`, { cause })));
}
