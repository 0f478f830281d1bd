// How a value off the wire is shown in a message: short, on one line, and without ever failing.

const CHARACTERS_MAX = 64;

/** `value` as it may stand behind "current value is": a long text is cut, an array or object only named. */
export function quote(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length <= CHARACTERS_MAX
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, CHARACTERS_MAX))}... (${value.length} characters)`;
    case "undefined":
      return "missing";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
