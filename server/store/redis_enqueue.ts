// Brings a batch to one shard: again without what the shard refuses, and in parts where it is too large for one script.

import { assert, unreachable } from "../../core/assert.ts";
import type { BatchId } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import { divide, enqueueArguments, isTooLarge, type Placed, ShardBatch } from "./redis_batch.ts";
import { asList, asText, asTexts } from "./redis_replies.ts";
import { ENQUEUE } from "./redis_scripts.ts";
import type { Shard } from "./shard.ts";
import { type Enqueued, StoreTrouble } from "./store.ts";

export interface EnqueueOptions {
  readonly prefix: string;
  /** When the entries are accepted, in seconds since the epoch. */
  readonly enqueued: number;
  /** A name for an item, never used before. */
  readonly nameItem: () => string;
  /** What this shard may hold. */
  readonly tabsMax: number;
  readonly clientsMax: number;
}

interface ShardPart {
  readonly id: BatchId | undefined;
  readonly placed: readonly Placed[];
  /** "" for the whole batch. */
  readonly part: string;
}

/** Each round leaves out what was refused; what is refused changes between rounds only by the hand of others. */
const ROUNDS_MAX = 8;

/** Applies what a batch has for this shard, if it was not applied before. */
export async function enqueueOn(
  shard: Shard,
  batch: Pick<ShardPart, "id" | "placed">,
  options: EnqueueOptions,
): Promise<Enqueued> {
  const answers: Enqueued[] = [];
  if (!isTooLarge(batch.placed)) {
    const answer = await apply(shard, { ...batch, part: "" }, options);
    if (answer !== "divided") return answer;
    answers.push({ verdict: "repeated", conflicts: [], full: [] });
  }
  for (const [part, placed] of divide(batch.placed)) {
    const answer = await apply(shard, { id: batch.id, placed, part: String(part) }, options);
    assert(answer !== "divided", "only a whole batch can have been divided");
    answers.push(answer);
    if (answer.verdict === "stale") break;
  }
  return merge(answers);
}

/** What several shards, or several parts, say of one batch. */
export function merge(answers: readonly Enqueued[]): Enqueued {
  const verdicts = new Set(answers.map(({ verdict }) => verdict));
  const byIndex = (a: { readonly index: number }, b: { readonly index: number }) => a.index - b.index;
  return {
    // Where one can't tell whether its part was applied, nobody can say of the whole that it is.
    verdict: verdicts.has("stale") ? "stale" : verdicts.has("repeated") && !verdicts.has("new") ? "repeated" : "new",
    conflicts: answers.flatMap(({ conflicts }) => conflicts).sort(byIndex),
    full: answers.flatMap(({ full }) => full).sort(byIndex),
  };
}

async function apply(
  shard: Shard,
  { id, placed, part }: ShardPart,
  options: EnqueueOptions,
): Promise<Enqueued | "divided"> {
  const batch = new ShardBatch(placed);
  const fixed = [
    options.prefix,
    ...(id === undefined ? ["", "", "", ""] : [id.sender, id.seq, id.low, part]),
    options.tabsMax,
    options.clientsMax,
    limits.seqsRememberedMax,
    limits.senderForgottenS,
    options.enqueued,
  ];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { taken, left } = batch.sort();
    if (taken.length === 0 && id === undefined) return { verdict: "new", ...left };
    const reply = asList(await shard.runReplicated(ENQUEUE, [...fixed, ...enqueueArguments(taken, options)]));
    const answer = verdictOf(asText(reply[0]));
    switch (answer) {
      case "new":
        return { verdict: answer, ...left };
      case "repeated":
      case "stale":
        return { verdict: answer, conflicts: [], full: [] };
      case "divided":
        return answer;
      case "refused": {
        const [, conflicts, tabsFull, clientsFull] = reply.map((part, index) => index === 0 ? [] : asTexts(part));
        batch.refuse({ conflicts, tabsFull, clientsFull });
        break;
      }
      default:
        unreachable(answer);
    }
  }
  throw new StoreTrouble(
    `Cannot enqueue on shard "${shard.name}": types and limits changed ${ROUNDS_MAX} times meanwhile`,
  );
}

const VERDICTS = ["new", "repeated", "stale", "divided", "refused"] as const;

function verdictOf(text: string): typeof VERDICTS[number] {
  const verdict = VERDICTS.find((known) => known === text);
  assert(verdict !== undefined, "the script answers one of its verdicts");
  return verdict;
}
