// A name for one run of this program as a sender or client, which no other run has.

import type { Random } from "../core/world.ts";

export function senderId(prefix: string, random: Random): string {
  return `${prefix}-${word(random())}${word(random())}`;
}

function word(random: number): string {
  return Math.floor(random * 2 ** 40).toString(36);
}
