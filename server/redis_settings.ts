// What a settings file says of Redis: its Sentinels, the buckets, and which shard holds which of them.

import { z } from "zod";
import type { Kind } from "../service/setting_kinds.ts";
import { shardsProblem } from "./store/shard_ranges.ts";

const text = z.string({ error: "a text that is not empty" }).min(1, { error: "a text that is not empty" });

function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function object<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: `an object with ${Object.keys(shape).join(", ")}` });
}

const ADDRESS = "an address such as 127.0.0.1:26379";
const BUCKETS_MAX = 65_536;
/** Redis knows no bound; so many copies of a shard nobody has. */
const REPLICAS_MAX = 16;

const schema = object({
  sentinels: z.array(z.string({ error: ADDRESS }).regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, { error: ADDRESS }), {
    error: "a list of addresses",
  }).min(1, { error: "a list of at least one address" }),
  buckets: whole(1, BUCKETS_MAX),
  replicas: whole(0, REPLICAS_MAX).default(0),
  prefix: text.optional(),
  shards: z.array(
    object({
      name: text,
      buckets: z.tuple([whole(0, BUCKETS_MAX - 1), whole(0, BUCKETS_MAX - 1)], {
        error: "the first and the last bucket, two whole numbers",
      }),
    }),
    { error: "a list of shards" },
  ),
  credentials: object({
    username: text.optional(),
    password: text.optional(),
    sentinelUsername: text.optional(),
    sentinelPassword: text.optional(),
  }).optional(),
  tls: object({ ca: text.optional() }).optional(),
}).superRefine(({ shards, buckets }, context) => {
  const problem = shardsProblem(shards, buckets);
  if (problem === undefined) return;
  context.addIssue({ code: "custom", path: ["shards"], message: `such that each bucket is in one shard (${problem})` });
});

export type RedisSettings = z.infer<typeof schema>;

export const redisKind: Kind<RedisSettings> = {
  placeholder: "{…}",
  must: "an object that says where Redis is",
  schema,
  fromText: (text) => text,
  isFileOnly: true,
};
