// How a tool ends: with an exit code, or with one line that tells the reader what to do.

/** A reason to stop that the reader can act on: shown as one line, without a stack. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a tool and ends the process with the code it gives. */
export async function endWith(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(error.message);
    Deno.exit(error.exitCode);
  }
}
