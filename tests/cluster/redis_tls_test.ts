// A server whose Redis and Sentinels speak TLS alone: it checks what they show, and finds the next master after a kill.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startRedis } from "../../tools/local_redis.ts";
import { runProgram, startService } from "../../tools/program.ts";
import { CERT, KEY } from "../certificate.ts";
import { post, request } from "./request.ts";
import { until } from "./waiting.ts";

Deno.test("server: reaches Redis and Sentinel by TLS, before and after a fail-over, and only where it trusts them", async () => {
  await using redis = await startRedis({ replicas: 1, sentinels: 3, tls: { cert: CERT, key: KEY } });
  const start = async (tls: object) => {
    const config = `${redis.folder}/${crypto.randomUUID()}.json`;
    const shards = [{ name: "shard1", buckets: [0, 9] }];
    const settings = { sentinels: redis.sentinels, buckets: 10, shards, ...tls };
    await Deno.writeTextFile(config, JSON.stringify({ redis: settings }));
    return { name: "server", module: "server/main.ts", args: ["--port", "0", "--config", config] };
  };
  const trusted = { tls: { ca: `${redis.folder}/cert.pem` } };

  for (const distrusting of [{}, { tls: {} }]) {
    await using server = await startService(await start(distrusting));
    const { status, text } = await request(`${server.url}/readyz`);
    assertEquals(status, 503);
    if ("tls" in distrusting) assertMatch(text, /certificate/i);
  }

  await using server = await startService(await start(trusted));
  const isAccepted = async (tab: string) => {
    return (await post(server.url, `{"tab":"${tab}","events":[[1]]}`)).status === 200;
  };
  await until(() => isAccepted("before"), { what: "a post is accepted" });
  await (await redis.master("shard1")).kill();
  await until(() => isAccepted("after"), { what: "a post is accepted by the next master" });
  const { text } = await request(`${server.url}/tabs?name=after`);
  assertStringIncludes(text, '"1d": {"count": 1, ');
});

Deno.test("server: a certificate that can't be read is told in one line", async () => {
  const config = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const shards = [{ name: "shard1", buckets: [0, 9] }];
    const redis = { sentinels: ["127.0.0.1:1"], buckets: 10, shards, tls: { ca: "/no/such/file.pem" } };
    await Deno.writeTextFile(config, JSON.stringify({ redis }));
    const { code, output } = await runProgram({ name: "server", module: "server/main.ts", args: ["--config", config] });
    assertEquals(code, 2);
    assertMatch(output, /^taba-server: cannot start as redis\.tls\.ca must be a readable file: [^\n]*$/);
  } finally {
    await Deno.remove(config);
  }
});
