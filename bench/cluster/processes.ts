// What Linux knows of running processes: the processor time they took and the memory they needed at most.

/** Clock ticks a second in /proc, on every Linux that Deno runs on. */
const TICKS = 100;

export interface Watched {
  readonly name: string;
  readonly pid: number;
}

export interface Usage {
  readonly cpuS: number;
  /** Of each of its threads, by id. */
  readonly cpuSByThread: ReadonlyMap<string, number>;
  readonly rssPeakBytes: number;
}

export function usageOf(pid: number): Usage {
  const folder = `/proc/${pid}`;
  const threads = [...Deno.readDirSync(`${folder}/task`)].map(({ name }) => name);
  const peak = Deno.readTextFileSync(`${folder}/status`).match(/^VmHWM:\s+(\d+) kB$/m)?.[1];
  return {
    cpuS: cpuS(`${folder}/stat`),
    cpuSByThread: new Map(threads.map((thread) => [thread, cpuS(`${folder}/task/${thread}/stat`)])),
    rssPeakBytes: 1024 * Number(peak),
  };
}

/** Processor time that all processes of this machine took. */
export function machineCpuS(): number {
  const [, user, nice, system, , , irq, softirq] = Deno.readTextFileSync("/proc/stat").split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

/** What its busiest thread took between two readings. */
export function busiestThreadS(before: Usage, after: Usage): number {
  return Math.max(...[...after.cpuSByThread].map(([thread, s]) => s - (before.cpuSByThread.get(thread) ?? 0)));
}

function cpuS(file: string): number {
  // The name, in brackets, may hold spaces; what follows it begins with the state, the third field of all.
  const fields = Deno.readTextFileSync(file).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
