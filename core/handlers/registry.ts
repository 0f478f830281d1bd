// The handlers by type: those of the system, and those that a settings file adds.

import type { Handler } from "./handler.ts";

/** Types to handlers. Built once at start, then only read. */
export interface Registry {
  get(type: string): Handler | undefined;
  readonly types: readonly string[];
}
