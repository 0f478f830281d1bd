// The kinds of values that settings have: how each is written on a command line, and, as a schema of zod, what must
// hold of it wherever it comes from.

import { RE2JS, RE2JSException } from "re2js";
import { z } from "zod";
import { NAME_RULE, nameProblem } from "../core/names.ts";

export interface Kind<Value> {
  /** Stands for the value in the help text, e.g. "N". */
  readonly placeholder: string;
  /** Completes "must be …". */
  readonly must: string;
  /** Holds for the JSON of a settings file, and for what `fromText` makes of a text. */
  readonly schema: z.ZodType<Value>;
  /** The JSON that a text stands for; what it can't read it gives back, for the schema to refuse. */
  fromText(text: string): unknown;
  /** Values may be given several times, and with commas between them. */
  readonly repeats?: true;
  /** May stand alone on the command line, without a value. */
  readonly isFlag?: true;
  /** Has parts of its own, which only a file can say. */
  readonly isFileOnly?: true;
  /** No message shows its value. */
  readonly isSecret?: true;
}

/** The value that a text stands for; undefined where it is no such value. */
export function readText<Value>(kind: Kind<Value>, text: string): Value | undefined {
  return kind.schema.safeParse(kind.fromText(text)).data;
}

/** The value as a message shows it that refuses it. */
export function shown({ isSecret }: Pick<Kind<unknown>, "isSecret">, value: unknown): string {
  if (value === undefined) return "missing";
  return isSecret && value !== "" ? "not shown" : JSON.stringify(value);
}

export function integer(min: number, max: number): Kind<number> {
  return whole("N", { must: `a whole number from ${min} to ${max}`, min, max });
}

/** A duration in whole milliseconds; the names of such settings end in `Ms`. */
export function milliseconds(min: number, max: number): Kind<number> {
  return whole("MS", { must: `a whole number of milliseconds from ${min} to ${max}`, min, max });
}

function whole(
  placeholder: string,
  { must, min, max }: { readonly must: string; readonly min: number; readonly max: number },
): Kind<number> {
  return {
    placeholder,
    must,
    schema: z.int({ error: must }).min(min, { error: must }).max(max, { error: must }),
    fromText: (text) => /^[+-]?\d+$/.test(text) ? Number(text) : text,
  };
}

export function number(min: number, max: number): Kind<number> {
  const must = `a number from ${min} to ${max}`;
  return {
    placeholder: "X",
    must,
    schema: z.number({ error: must }).min(min, { error: must }).max(max, { error: must }),
    fromText: (text) => text.trim() === text && text !== "" ? Number(text) : text,
  };
}

export function string(placeholder = "TEXT"): Kind<string> {
  const must = "a text that is not empty";
  return {
    placeholder,
    must,
    schema: z.string({ error: must }).min(1, { error: must }),
    fromText: (text) => text,
  };
}

/** What is sent as bearer: a header carries no other characters, and a space would end it. */
export function token(): Kind<string> {
  const must = "a text of printable ASCII characters without spaces";
  return {
    placeholder: "TOKEN",
    must,
    schema: z.string({ error: must }).regex(/^[\x21-\x7e]+$/, { error: must }),
    fromText: (text) => text,
    isSecret: true,
  };
}

/** A name that a tab or client may have. */
export function name(): Kind<string> {
  const must = `a name of ${NAME_RULE}`;
  return {
    placeholder: "NAME",
    must,
    schema: z.string({ error: must }).refine((text) => nameProblem(text) === undefined, { error: must }),
    fromText: (text) => text,
  };
}

/** An http or https address; its text has no slash at the end, so that paths can be put behind it. */
export function url(): Kind<string> {
  const must = "an address such as http://127.0.0.1:8300";
  return {
    placeholder: "URL",
    must,
    schema: z.string({ error: must }).refine(isBase, { error: must })
      .transform((text) => new URL(text).href.replace(/\/+$/, "")),
    fromText: (text) => text,
  };
}

/** A regular expression, as queries take them (RE2), that must match a whole name. */
export function pattern(): Kind<string> {
  const must = "a regular expression (RE2)";
  return {
    placeholder: "PATTERN",
    must,
    schema: z.string({ error: must }).refine(isPattern, { error: must }),
    fromText: (text) => text,
  };
}

/** The origin of web pages, as browsers send it, or "*" for all. */
export function origin(): Kind<string> {
  const must = "an origin such as https://www.example.com, or *";
  const isOrigin = (text: string) => text === "*" || URL.parse(text)?.origin === text;
  return {
    placeholder: "ORIGIN",
    must,
    schema: z.string({ error: must }).refine(isOrigin, { error: must }),
    fromText: (text) => text,
  };
}

export function choice<const Value extends string>(...values: readonly Value[]): Kind<Value> {
  const must = `one of ${values.join(", ")}`;
  return { placeholder: values.join("|"), must, schema: z.enum(values, { error: must }), fromText: (text) => text };
}

export function listOf<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  return {
    placeholder: `${kind.placeholder}[,…]`,
    must: `${kind.must} (several with commas between them)`,
    schema: z.array(kind.schema, { error: `a list, of each ${kind.must}` }),
    fromText: (text) => text.split(",").map((part) => kind.fromText(part.trim())),
    repeats: true,
  };
}

/** On or off: `--name` on the command line, or there as in the environment and in a file `true` or `false`. */
export function flag(): Kind<boolean> {
  const must = "true or false";
  const values = new Map([["true", true], ["1", true], ["false", false], ["0", false]]);
  return {
    placeholder: "",
    must,
    schema: z.boolean({ error: must }),
    fromText: (text) => values.get(text) ?? text,
    isFlag: true,
  };
}

/** As a flag, for what is on unless told otherwise: `--name=false`. */
export function onOff(): Kind<boolean> {
  const { isFlag: _, ...kind } = flag();
  return { ...kind, placeholder: "true|false" };
}

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
    return text !== "";
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return false;
  }
}

function isBase(text: string): boolean {
  const parsed = URL.parse(text);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) return false;
  return parsed.search === "" && parsed.hash === "" && parsed.username === "";
}
