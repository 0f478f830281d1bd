// The part of `@cliffy/command` that the command tree uses. The real types compute each action's options and arguments
// from the texts that declare them: what checks against these checks against the real ones.

export interface OptionOptions {
  readonly required?: boolean;
  readonly collect?: boolean;
  readonly hidden?: boolean;
}

// deno-lint-ignore no-explicit-any
type Action = (options: any, ...args: any[]) => unknown;

export declare class Command {
  name(name: string): this;
  version(version: string): this;
  description(description: string): this;
  usage(usage: string): this;
  arguments(args: string): this;
  option(flags: string, description: string, options?: OptionOptions): this;
  globalOption(flags: string, description: string, options?: OptionOptions): this;
  env(name: string, description: string, options?: { readonly prefix?: string }): this;
  globalEnv(name: string, description: string, options?: { readonly prefix?: string }): this;
  example(name: string, description: string): this;
  action(action: Action): this;
  command(name: string, command: Command): this;
  throwErrors(): this;
  noExit(): this;
  showHelp(): void;
  getPath(): string;
  parse(args?: string[]): Promise<unknown>;
}

export declare class ValidationError extends Error {
  readonly exitCode: number;
}
