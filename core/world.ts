// What the pure code may know of the world, as types. The doors (main.ts files, the client's platform) hand them in.

/** Seconds since the epoch, with fractions. */
export type Clock = () => number;

/** A uniform number in [0, 1). */
export type Random = () => number;

/** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Lets other work of the process have its turn, I/O included; resolves as soon as it has. */
export type Pause = () => Promise<void>;
