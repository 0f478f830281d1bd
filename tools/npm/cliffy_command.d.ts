// The part of `@cliffy/command` that the command tree uses. The real types compute each action's options and arguments
// from the texts that declare them: what checks against these checks against the real ones.

export interface OptionOptions {
  readonly collect?: boolean;
}

// deno-lint-ignore no-explicit-any
type Action = (options: any, ...args: any[]) => unknown;

export declare class Command {
  name(name: string): this;
  version(version: string): this;
  description(description: string): this;
  help(options: { readonly colors: boolean }): this;
  arguments(args: string): this;
  option(flags: string, description: string, options?: OptionOptions): this;
  globalOption(flags: string, description: string): this;
  example(name: string, description: string): this;
  complete(name: string, complete: () => string[] | Promise<string[]>): this;
  action(action: Action): this;
  command(name: string, command: Command): this;
  throwErrors(): this;
  noExit(): this;
  showHelp(): void;
  getLiteralArgs(): string[];
  parse(args: string[]): Promise<unknown>;
}

export declare class ValidationError extends Error {}
