// The part of `@std/cli/parse-args` that is used here. The real result type is computed from more of the options and
// narrower: what checks against this one checks against the real one.

export interface ParseOptions<Booleans extends string, Strings extends string, Collected extends string> {
  readonly "--"?: boolean;
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  readonly boolean?: readonly Booleans[];
  readonly string?: readonly Strings[];
  readonly collect?: readonly Collected[];
  readonly negatable?: readonly string[];
  readonly default?: Readonly<Record<string, unknown>>;
  readonly stopEarly?: boolean;
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Flags whose names are known only at run time have no type of their own. */
type Named<Names extends string, Types> = string extends Names ? unknown : Types;

export type Args<Booleans extends string, Strings extends string, Collected extends string> =
  & Named<Strings, { [Name in Strings]: Name extends Collected ? string[] : string | undefined }>
  & Named<Booleans, { [Name in Booleans]: boolean }>
  & { [flag: string]: unknown; _: Array<string | number> };

export declare function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
>(args: string[], options?: ParseOptions<Booleans, Strings, Collected>): Args<Booleans, Strings, Collected>;
