// Colours and weights of what a terminal shows; plain text for all others.

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function createStyle(isColored: boolean): Style {
  const paint = (on: number, off: number) => (text: string) =>
    isColored && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), cyan: paint(36, 39) };
}

/**
 * NO_COLOR (https://no-color.org) forbids colours, FORCE_COLOR asks for them, each where it is not empty; else a
 * terminal that knows them has them.
 */
export function wantsColors(env: (name: string) => string | undefined, isTerminal: boolean): boolean {
  if ((env("NO_COLOR") ?? "") !== "") return false;
  const forced = env("FORCE_COLOR") ?? "";
  if (forced !== "") return forced !== "0";
  return isTerminal && placesCursor(env);
}

/** False for a terminal that only prints, line after line. */
export function placesCursor(env: (name: string) => string | undefined): boolean {
  return env("TERM") !== "dumb";
}
