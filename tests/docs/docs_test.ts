// Every command in README.md and docs/*.md is run, in order, and prints what the document says it prints. The guide to
// deployment waits for Sentinels most of the time, so it is followed beside the other documents.

import { assert } from "@std/assert";
import { projectPath, taskProgram } from "../../tools/deno_command.ts";
import { findRedis } from "../../tools/install_redis.ts";
import { startRedis } from "../../tools/local_redis.ts";
import { followDeployment, GUIDE } from "./deployment.ts";
import { type Step, stepsOf } from "./document.ts";
import { Reader } from "./reader.ts";

/** What is verified elsewhere, and where. */
const elsewhere: readonly (readonly [command: RegExp, file: string])[] = [
  [/^(npx -y )?deno task (test|ok)\b/, "tests/docs/docs_test.ts"], // is run by it
  [/^deno task cluster\b/, "tests/cluster/cluster_task_test.ts"],
  [/^deno task bench:cluster\b/, "tests/cluster/bench_cluster_test.ts"],
];

/** Events that documents ask for: their readers have services that record them. */
const EVENTS = [
  { client: "web-17" },
  { tab: "winning_bid_price", events: [[3.25], [1.5]] },
  { tab: "bids_won", events: [[1], [1]] },
  { tab: "requests;route=/bid;status=200", events: [[1], [1]] },
  { tab: "bid_latency", type: "PercentileGroup", events: [[0.012], [0.02]] },
  { tab: "build", type: "Gauge", events: [["2.4.1"]] },
];

Deno.test("documents: every command runs, and prints what it says; the guide to deployment ends with a cluster", async () => {
  const redis = await findRedis(); // before both want to install it
  const outcomes = await Promise.allSettled([followDeployment(redis), followDocuments()]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
});

async function followDocuments(): Promise<void> {
  // Two shards, as README.md's settings name them.
  await using redis = await startRedis({ shards: 2, replicas: 1 });
  const [sentinel] = redis.sentinelNodes;
  await using reader = await Reader.open({ onServer: record, ports: { 26379: sentinel.port } });
  for (const [name, steps] of await documents()) {
    if (name === GUIDE || steps.every(({ kind }) => kind !== "command")) continue;
    await reader.begin();
    for (const step of steps) {
      const [, file] = elsewhere.find(([pattern]) => step.kind === "command" && pattern.test(step.text)) ?? [];
      if (file === undefined) await reader.follow(step);
      else await tellElsewhere(step, file);
    }
    console.log(`    ${name}: ${steps.filter(({ kind }) => kind === "command").length} commands`);
  }
  await reader.end();
}

Deno.test("documents: every link into the project leads somewhere", async () => {
  const names = ["ARCHITECTURE.md", "CHANGELOG.md", ...(await documents()).keys()];
  for (const name of names) {
    const text = await Deno.readTextFile(projectPath(name));
    for (const [, link] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path, anchor] = link.split("#");
      const file = path === "" ? name : new URL(path, `file:///${name}`).pathname.slice(1);
      const target = await Deno.stat(projectPath(file)).catch(() => undefined);
      assert(target !== undefined, `${name} links to ${link}`);
      if (anchor === undefined) continue;
      const heads = [...(await Deno.readTextFile(projectPath(file))).matchAll(/^#+ (.*)$/gm)].map(([, head]) => head);
      const anchors = heads.map((head) => head.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-"));
      assert(anchors.includes(anchor), `${name} links to ${link}`);
    }
  }
});

Deno.test("README.md: installs taba-cli with the permissions of its task", async () => {
  const { module, flags } = taskProgram("cli");
  const readme = await Deno.readTextFile(projectPath("README.md"));
  // Quoted, as some shells look for files of such a name.
  const quoted = flags.map((flag) => flag.includes("*") ? `'${flag}'` : flag);
  assert(readme.includes(`run ${quoted.join(" ")} "$PWD/${module}"`), quoted.join(" "));
});

async function documents(): Promise<ReadonlyMap<string, readonly Step[]>> {
  const names = ["README.md"];
  for await (const { name } of Deno.readDir(projectPath("docs"))) if (name.endsWith(".md")) names.push(`docs/${name}`);
  const texts = names.sort().map(async (name) =>
    [name, stepsOf(name, await Deno.readTextFile(projectPath(name)))] as const
  );
  return new Map(await Promise.all(texts));
}

async function tellElsewhere(step: Step, file: string): Promise<void> {
  assert((await Deno.stat(projectPath(file))).isFile);
  if (step.kind === "command") console.log(`    ${step.place} $ ${step.text}    (verified by ${file})`);
}

async function record(server: string): Promise<void> {
  const body = EVENTS.map((line) => JSON.stringify(line)).join("\n");
  const response = await fetch(`${server}/post`, { method: "POST", body });
  const answer = await response.text();
  assert(response.ok && !answer.includes("error"), answer);
}
