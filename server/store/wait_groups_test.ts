import { assertEquals, assertRejects } from "@std/assert";
import { type Waited, WaitGroups } from "./wait_groups.ts";

/** A `send` that shows its groups and is answered by hand. */
function byHand(): {
  groups: WaitGroups<string>;
  sent: (readonly string[])[];
  answers: PromiseWithResolvers<Waited>[];
} {
  const sent: (readonly string[])[] = [];
  const answers: PromiseWithResolvers<Waited>[] = [];
  const groups = new WaitGroups<string>((calls) => {
    sent.push(calls);
    const answer = Promise.withResolvers<Waited>();
    answers.push(answer);
    return answer.promise;
  });
  return { groups, sent, answers };
}

function fulfilled(...values: readonly unknown[]): Waited {
  return { outcomes: values.map((value) => ({ status: "fulfilled", value })), confirmed: 2 };
}

/** Lets all that is ready run. */
const turn = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));

Deno.test("WaitGroups: what comes while a group waits is sent together, after it", async () => {
  const { groups, sent, answers } = byHand();
  const first = groups.run("a");
  await turn();
  assertEquals(sent, [["a"]]);
  const others = ["b", "c", "d"].map((call) => groups.run(call));
  await turn();
  assertEquals(sent.length, 1);
  answers[0].resolve(fulfilled("A"));
  assertEquals(await first, { reply: "A", confirmed: 2 });
  await turn();
  assertEquals(sent, [["a"], ["b", "c", "d"]]);
  answers[1].resolve(fulfilled("B", "C", "D"));
  assertEquals((await Promise.all(others)).map(({ reply }) => reply), ["B", "C", "D"]);
});

Deno.test("WaitGroups: a call that failed rejects alone, a group that failed rejects whole, and the next goes on", async () => {
  const { groups, sent, answers } = byHand();
  const [good, bad] = [groups.run("good"), groups.run("bad")];
  await turn();
  const outcomes = [
    { status: "fulfilled", value: 1 },
    { status: "rejected", reason: new Error("refused") },
  ] as const;
  answers[0].resolve({ outcomes, confirmed: 0 });
  assertEquals(await good, { reply: 1, confirmed: 0 });
  await assertRejects(() => bad, Error, "refused");
  const lost = [groups.run("x"), groups.run("y")];
  await turn();
  const after = groups.run("z");
  answers[1].reject(new Error("connection lost"));
  for (const one of lost) await assertRejects(() => one, Error, "connection lost");
  await turn();
  assertEquals(sent[2], ["z"]);
  answers[2].resolve(fulfilled("Z"));
  assertEquals((await after).reply, "Z");
});
