// A real Prometheus scrapes a running cluster and answers questions about what was recorded there.

import { assert, assertEquals } from "@std/assert";
import { findProgram } from "../../tools/find_program.ts";
import { startCluster } from "../../tools/local_cluster.ts";
import { until } from "./waiting.ts";

const EVENTS = 1000;

Deno.test("prometheus: scrapes a cluster and answers with the right numbers", async () => {
  await using cluster = await startCluster({ redis: { shards: 2 }, fe: 1, be: 1 });
  const agent = await cluster.startAgent(["--flush-ms", "100"]);
  const events = JSON.stringify(Array.from({ length: EVENTS }, (_, index) => [(index + 1) / 1000]));
  const lines = [
    `{"tab":"requests;route=/bid","events":${events}}`,
    `{"tab":"requests;route=/a~22b","events":[[1]]}`,
    `{"tab":"requests;http.route=x","events":[[5]]}`,
    `{"tab":"build","type":"Gauge","events":[["2.4.1"]]}`,
  ];
  const posted = await fetch(`${agent.url}/post`, { method: "POST", body: lines.join("\n") });
  assertEquals([posted.status, (await posted.json()).rejected], [200, []]);

  const [fe, be] = cluster.servers.map(({ url }) => url);
  await using prometheus = await startPrometheus({ fe, be, agent: agent.url });
  const ask = (query: string) => prometheus.ask(query);
  await until(async () => {
    const [scraped] = await ask("sum(up)");
    const seen = await ask('sum by (job) (taba_count{tab="requests",window="1h"})');
    return scraped === 3 && seen.length === 2 && seen.every((events) => events === EVENTS + 2);
  }, { what: "Prometheus has scraped what was recorded", ms: 60_000 });

  // Every server has all tabs.
  assertEquals(await ask('taba_count{tab="requests",window="1h",route="/bid"}'), [EVENTS, EVENTS]);
  const ofBe = async (query: string) => (await ask(query.replace("{", '{job="be",')))[0];
  assertEquals(Math.round(10 * await ofBe('taba_total{tab="requests",window="1h",route="/bid"}')), 5005);
  const median = await ofBe('taba_quantile{tab="requests",window="1d",quantile="0.5",route="/bid"}');
  assert(Math.abs(median - 0.5) <= 0.0035, `the median is within 0.5 % of the true value: ${median}`);
  assertEquals(await ofBe('taba_count{window="1h",route="/a\\"b"}'), 1);
  assertEquals(await ofBe('taba_total{window="1h",full_name="requests;http.route=x",http_route="x"}'), 5);
  assertEquals(await ofBe('taba_gauge{tab="build",value="2.4.1"}'), 1);
  assertEquals(await ask(`sum(taba_server_events_accepted_total) >= bool ${EVENTS + 3}`), [1]);
  assertEquals(await ask(`taba_agent_events_folded_total >= bool ${EVENTS + 3}`), [1]);
});

interface Prometheus extends AsyncDisposable {
  /** The values that a question of PromQL has now. */
  ask(query: string): Promise<readonly number[]>;
}

async function startPrometheus(targets: Readonly<Record<string, string>>): Promise<Prometheus> {
  const path = await findProgram({
    what: "Prometheus",
    programs: ["prometheus"],
    debian: "prometheus",
    install: "Prometheus",
    variable: "TABA_PROMETHEUS",
  });
  await using starting = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "taba-prometheus-" });
  starting.defer(() => Deno.remove(folder, { recursive: true }));
  const jobs = Object.entries(targets).map(([job_name, url]) => ({
    job_name,
    static_configs: [{ targets: [new URL(url).host] }],
  }));
  const config = { global: { scrape_interval: "1s" }, scrape_configs: jobs };
  // JSON is YAML.
  await Deno.writeTextFile(`${folder}/prometheus.yml`, JSON.stringify(config));
  const child = new Deno.Command(path, {
    args: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      "--web.listen-address=127.0.0.1:0",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = readLines(child.stderr);
  starting.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
    await said.ended;
  });
  const url = `http://${await said.listening}`;
  const running = starting.move();
  return {
    async ask(query) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
      const answer = await response.json();
      if (answer.status !== "success") throw new Error(`Prometheus answers ${JSON.stringify(answer)}`);
      return answer.data.result.map(({ value }: { readonly value: readonly [number, string] }) => Number(value[1]));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The address that it says it listens on, having picked a free port. */
function readLines(stderr: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
  const read = async () => {
    let all = "";
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      all += text;
      const match = /msg="Listening on" address=(\S+)/.exec(all);
      if (match !== null) resolve(match[1]);
    }
    reject(new Error(`Prometheus ended before it listened: ${all}`));
  };
  return { listening, ended: read() };
}
