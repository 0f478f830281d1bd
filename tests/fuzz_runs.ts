// How many random inputs the fuzz tests of datagrams and bodies try: `TABA_FUZZ_RUNS`, or what each does by default.

/** @throws where the variable is no whole number above 0 */
export function fuzzRuns(byDefault: number): number {
  const text = Deno.env.get("TABA_FUZZ_RUNS");
  if (text === undefined) return byDefault;
  const runs = Number(text);
  if (Number.isSafeInteger(runs) && runs > 0) return runs;
  throw new Error(`cannot fuzz as TABA_FUZZ_RUNS must be a whole number above 0: current value is ${text}`);
}
