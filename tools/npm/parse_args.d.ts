// The part of `@std/cli/parse-args` that is used here. The real result type is computed from the options and narrower:
// what checks against this one checks against the real one.

export interface ParseOptions {
  readonly "--"?: boolean;
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  readonly boolean?: boolean | string | readonly string[];
  readonly string?: string | readonly string[];
  readonly collect?: string | readonly string[];
  readonly negatable?: string | readonly string[];
  readonly default?: Readonly<Record<string, unknown>>;
  readonly stopEarly?: boolean;
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export interface Args {
  [flag: string]: unknown;
  _: Array<string | number>;
}

export declare function parseArgs(args: string[], options?: ParseOptions): Args;
