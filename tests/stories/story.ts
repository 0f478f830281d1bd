// A story: a text of commands to a virtual cluster, one a line, each followed by what it answers, indented. Telling it
// gives the same text with the answers as they are.
//
//   post CLIENT TAB VALUE… [as TYPE]   a client records values
//   wait TIME                          10s, 5m or 2h pass
//   kill NAME, start NAME              an agent or a server; its memory goes, its journal stays
//   cut NAME, mend NAME                nothing reaches it; all does
//   deafen NAME                        what is sent to it arrives, its answers do not
//   cut store, mend store              the same of the store, for all servers
//   agg TAB, projection TAB, super TAB, names, delete TAB [CLIENT]
//
// Lines that begin with # are for readers.

import type { Role } from "../../server/store/store.ts";
import { VirtualCluster } from "./virtual_cluster.ts";

const SECONDS_BY_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const ROLES: readonly Role[] = ["fe", "be"];
const INDENT = "  ";

/** @throws {Error} with the line, where it is no command or the cluster can't follow it */
export async function tellStory(story: string): Promise<string> {
  const cluster = new VirtualCluster();
  const told: string[] = [];
  for (const line of story.split("\n")) {
    if (line.startsWith(INDENT)) continue; // an answer as it was expected
    told.push(line);
    if (line.trim() === "" || line.startsWith("#")) continue;
    try {
      const answer = await follow(cluster, line.split(" "));
      if (answer === undefined) continue;
      for (const row of (answer.trimEnd() || "nothing found").split("\n")) told.push(`${INDENT}${row}`.trimEnd());
    } catch (cause) {
      throw new Error(`cannot tell ${JSON.stringify(line)}`, { cause });
    }
  }
  return told.join("\n");
}

async function follow(cluster: VirtualCluster, [verb, name = "", ...rest]: readonly string[]): Promise<string | void> {
  switch (verb) {
    case "post":
      return post(cluster, name, rest);
    case "wait":
      return await cluster.wait(msOf(name));
    case "kill":
      return cluster.kill(name);
    case "start":
      return name.startsWith("agent") ? cluster.startAgent() : cluster.startServer(name, ROLES);
    case "cut":
    case "mend":
      if (name === "store") cluster.storeFate = verb === "cut" ? "unreached" : "done";
      else cluster.link(name, verb === "cut" ? "cut" : "whole");
      return;
    case "deafen":
      return cluster.link(name, "one-way");
    case "agg":
      return await cluster.ask(`/tabs?name=${name}`);
    case "projection":
      return await cluster.ask(`/projection?name=${name}`);
    case "super":
      return await cluster.ask(`/supertabs?name=${name}`);
    case "delete":
      return await cluster.ask(`/delete?name=${name}${rest.length === 0 ? "" : `&client=${rest[0]}`}`, {
        method: "POST",
      });
    case "names":
      return await cluster.ask("/names");
    default:
      throw new Error(`there is no command ${verb}`);
  }
}

function post(cluster: VirtualCluster, client: string, [tab, ...rest]: readonly string[]): void {
  const as = rest.indexOf("as");
  const [texts, type] = as === -1 ? [rest, "CounterGroup"] : [rest.slice(0, as), rest[as + 1]];
  const values = texts.map((text) => type === "Gauge" ? text : Number(text));
  cluster.record(client, { tab, type, values });
}

function msOf(text: string): number {
  const [, count, unit] = text.match(/^(\d+)([smh])$/) ?? [];
  if (count === undefined) throw new Error(`a time is like 10s, 5m or 2h: current value is ${text}`);
  return Number(count) * SECONDS_BY_UNIT[unit] * 1000;
}
