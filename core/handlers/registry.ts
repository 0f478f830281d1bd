// The handlers by type: those of the system, and those that a settings file adds.

import { assert } from "../assert.ts";
import { buffer } from "./buffer.ts";
import { counterGroup } from "./counter_group.ts";
import { expiryGauge, gauge } from "./gauges.ts";
import type { Handler } from "./handler.ts";
import { noop } from "./noop.ts";
import { percentileCounter, percentileGroup } from "./percentiles.ts";
import { totalsCounter } from "./totals_counter.ts";

/** Types to handlers. Built once at start, then only read. */
export interface Registry {
  get(type: string): Handler | undefined;
  readonly types: readonly string[];
}

/** All handlers of the system and `extra` ones; each type must have one. */
export function createRegistry(extra: readonly Handler[] = []): Registry {
  const handlerByType = new Map<string, Handler>();
  const builtIn = [
    counterGroup,
    percentileGroup,
    percentileCounter,
    totalsCounter,
    gauge,
    expiryGauge,
    buffer,
    noop,
  ];
  for (const handler of [...builtIn, ...extra]) {
    assert(!handlerByType.has(handler.type), `type ${handler.type} must have one handler`);
    handlerByType.set(handler.type, handler);
  }
  return { get: (type) => handlerByType.get(type), types: [...handlerByType.keys()] };
}
