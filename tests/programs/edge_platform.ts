// An edge platform as far as examples/edge knows one: gives a few requests to the worker, waits for what it was asked to
// wait for, and is gone. Argument: the agent's URL. Prints the statuses that the worker answered.

import worker from "../../examples/edge/worker.ts";

const [agent] = Deno.args;
const promises: Promise<unknown>[] = [];
const context = { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) };

const statuses = ["/hello", "/hello", "/nothing"].map((path) => {
  const response = worker.fetch(new Request(`https://edge.example${path}`), { TABA_AGENT: agent }, context);
  return response.status;
});
console.log(JSON.stringify(statuses));
await Promise.all(promises);
Deno.exit();
