// The part of `@cliffy/command/completions` that is used here.

import type { Command } from "./cliffy_command.d.ts";

export declare class CompletionsCommand extends Command {}
