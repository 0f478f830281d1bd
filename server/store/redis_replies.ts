// What our scripts answer, as values of our own. Another shape than the script's is a bug of ours.

import { assert } from "../../core/assert.ts";

const decoder = new TextDecoder();

export function asList(reply: unknown): readonly unknown[] {
  assert(Array.isArray(reply), "the script answers a list here");
  return reply;
}

export function asBytes(reply: unknown): Uint8Array {
  assert(reply instanceof Uint8Array, "the script answers bytes here");
  return reply;
}

export function asText(reply: unknown): string {
  return decoder.decode(asBytes(reply));
}

export function asTexts(reply: unknown): readonly string[] {
  return asList(reply).map(asText);
}

/** A whole number, written out: as an integer of Redis those near 2^53 would arrive wrong. */
export function asWhole(text: string): number {
  const whole = Number(text);
  assert(Number.isSafeInteger(whole), "the script answers a whole number here");
  return whole;
}
