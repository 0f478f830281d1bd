import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  choice,
  flag,
  integer,
  type Kind,
  listOf,
  milliseconds,
  name,
  number,
  onOff,
  string,
  token,
  url,
} from "./setting_kinds.ts";
import { readSettings, setting } from "./settings.ts";

const about = { name: "taba-test", version: "1.2.3", summary: "Shows what settings do." };

const place: Kind<{ readonly path: string; readonly sizes?: number[] | undefined }> = {
  placeholder: "{…}",
  must: "an object",
  schema: z.strictObject(
    { path: z.string({ error: "a path" }), sizes: z.array(z.int({ error: "a size" })).optional() },
    {
      error: "an object",
    },
  ),
  fromText: (text) => text,
  isFileOnly: true,
};

const table = {
  port: setting(integer(0, 65535), { default: 8279, help: "port to listen on" }),
  server: setting(listOf(url()), { default: ["http://127.0.0.1:8300"], help: "servers" }),
  flushMs: setting(milliseconds(1, 60_000), { default: 500, help: "how often to seal" }),
  ratio: setting(number(0, 1), { default: 0.5, help: "a share" }),
  token: setting(string("TOKEN"), { default: undefined, help: "bearer token" }),
  roles: setting(listOf(choice("fe", "be")), { default: ["fe", "be"], help: "what it does" }),
  verbose: setting(flag(), { default: false, help: "say more" }),
  ownTabs: setting(onOff(), { default: true, help: "record some" }),
  store: setting(place, { default: undefined, help: "where it keeps things" }),
};

const defaults = {
  port: 8279,
  server: ["http://127.0.0.1:8300"],
  flushMs: 500,
  ratio: 0.5,
  token: undefined,
  roles: ["fe", "be"],
  verbose: false,
  ownTabs: true,
  store: undefined,
};

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}, file = "{}") {
  const readFile = (path: string) => {
    if (path === "taba.json") return file;
    throw new Error(`No such file: ${path}`);
  };
  return readSettings(table, { about, sources: { args, env: (name) => env[name], readFile } });
}

function assertRead(args: readonly string[], expected: Partial<Record<keyof typeof table, unknown>>): void {
  assertEquals<unknown>(read(args), { kind: "settings", settings: { ...defaults, ...expected } });
}

function assertProblem(args: readonly string[], message: string): void {
  assertEquals<unknown>(read(args), { kind: "problem", message });
}

Deno.test("readSettings: gives defaults where nothing is said", () => {
  assertRead([], {});
});

Deno.test("readSettings: takes a value after a space or an equals sign", () => {
  assertRead(["--flush-ms", "200"], { flushMs: 200 });
  assertRead(["--flush-ms=200", "--token=a=b"], { flushMs: 200, token: "a=b" });
});

Deno.test("readSettings: a flag wins over the environment, which wins over the default", () => {
  const env = { TABA_PORT: "1", TABA_FLUSH_MS: "7", TABA_VERBOSE: "1", TABA_RATIO: "" };
  const outcome = read(["--port", "2"], env);
  assertEquals<unknown>(outcome, { kind: "settings", settings: { ...defaults, port: 2, flushMs: 7, verbose: true } });
});

Deno.test("readSettings: a list takes commas and repeats, anything else its last value", () => {
  assertRead(["--server", "http://a:1, https://b/x/", "--server=http://c:3"], {
    server: ["http://a:1", "https://b/x", "http://c:3"],
  });
  assertRead(["--roles", "be"], { roles: ["be"] });
  assertRead(["--port", "1", "--port", "2"], { port: 2 });
});

Deno.test("readSettings: what is on unless told otherwise is told so", () => {
  assertRead(["--own-tabs=false"], { ownTabs: false });
  assertRead(["--own-tabs", "false"], { ownTabs: false });
  assertRead(["--own-tabs=true"], { ownTabs: true });
  const outcome = read([], { TABA_OWN_TABS: "false" });
  assertEquals<unknown>(outcome, { kind: "settings", settings: { ...defaults, ownTabs: false } });
  assertProblem(["--own-tabs=no"], 'cannot start as --own-tabs must be true or false: current value is "no"');
});

Deno.test("readSettings: a flag may have a value, which is read as a variable is and wins over it", () => {
  for (const off of [["--verbose=false"], ["--verbose", "false"], ["--verbose=0"], ["--verbose", "--verbose=false"]]) {
    assertEquals<unknown>(read(off, { TABA_VERBOSE: "true" }), { kind: "settings", settings: defaults });
    const file = JSON.stringify({ verbose: true });
    assertEquals<unknown>(read([...off, "--config=taba.json"], {}, file), { kind: "settings", settings: defaults });
  }
  for (const on of [["--verbose"], ["--verbose=true"], ["--verbose", "true"], ["--verbose=1"]]) {
    assertEquals<unknown>(read(on, { TABA_VERBOSE: "false" }), {
      kind: "settings",
      settings: { ...defaults, verbose: true },
    });
  }
  assertRead(["--verbose", "--port", "1"], { verbose: true, port: 1 });
  for (const value of ["banana", ""]) {
    const message = `cannot start as --verbose must be true or false: current value is "${value}"`;
    assertProblem([`--verbose=${value}`], message);
  }
});

Deno.test("readSettings: a value of the wrong kind is named with what must hold", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["--port", "x", "a whole number from 0 to 65535"],
    ["--port", "65536", "a whole number from 0 to 65535"],
    ["--port", "1.5", "a whole number from 0 to 65535"],
    ["--port", "0x10", "a whole number from 0 to 65535"],
    ["--port", "", "a whole number from 0 to 65535"],
    ["--flush-ms", "0", "a whole number of milliseconds from 1 to 60000"],
    ["--ratio", "1.01", "a number from 0 to 1"],
    ["--ratio", "half", "a number from 0 to 1"],
    ["--token", "", "a text that is not empty"],
    ["--server", "nonsense", "an address such as http://127.0.0.1:8300 (several with commas between them)"],
    ["--server", "ftp://a", "an address such as http://127.0.0.1:8300 (several with commas between them)"],
    ["--server", "http://a?b=1", "an address such as http://127.0.0.1:8300 (several with commas between them)"],
    ["--server", "http://a,", "an address such as http://127.0.0.1:8300 (several with commas between them)"],
    ["--roles", "fe,xx", "one of fe, be (several with commas between them)"],
  ];
  for (const [name, value, must] of cases) {
    assertProblem(
      [`${name}=${value}`],
      `cannot start as ${name} must be ${must}: current value is ${JSON.stringify(value)}`,
    );
  }
});

Deno.test("readSettings: a bad value from the environment is named by its variable", () => {
  assertEquals<unknown>(read([], { TABA_VERBOSE: "maybe" }), {
    kind: "problem",
    message: 'cannot start as TABA_VERBOSE must be true or false: current value is "maybe"',
  });
});

Deno.test("readSettings: a file is taken where neither a flag nor a variable says otherwise", () => {
  const file = JSON.stringify({
    port: 1,
    flushMs: 2,
    ratio: 0.25,
    roles: ["be"],
    verbose: true,
    store: { path: "/x" },
  });
  assertEquals<unknown>(read(["--config", "taba.json", "--port", "3"], { TABA_FLUSH_MS: "4" }, file), {
    kind: "settings",
    settings: { ...defaults, port: 3, flushMs: 4, ratio: 0.25, roles: ["be"], verbose: true, store: { path: "/x" } },
  });
});

Deno.test("readSettings: a bad value in a file is named with what stands there and what must", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ port: "8300" }, 'port in taba.json must be a whole number from 0 to 65535: current value is "8300"'],
    [{ roles: ["fe", "xx"] }, 'roles.1 in taba.json must be one of fe, be: current value is "xx"'],
    [
      { server: ["nowhere"] },
      "server.0 in taba.json must be an address such as http://127.0.0.1:8300: " +
      'current value is "nowhere"',
    ],
    [{ store: { path: "/x", sizes: [1, 1.5] } }, "store.sizes.1 in taba.json must be a size: current value is 1.5"],
    [{ store: {} }, "store.path in taba.json must be a path: current value is missing"],
    [[], "taba.json must be an object: current value is []"],
  ];
  for (const [json, message] of cases) {
    const problem = { kind: "problem", message: `cannot start as ${message}` };
    assertEquals<unknown>(read(["--config=taba.json"], {}, JSON.stringify(json)), problem);
  }
});

Deno.test("readSettings: unknown keys of a file are named, wherever they stand", () => {
  for (const [json, key] of [[{ prot: 1 }, "prot"], [{ store: { path: "/x", paht: "/y" } }, "store.paht"]] as const) {
    const message = `cannot start as all keys of taba.json must be known: "${key}" is not; see --help`;
    assertEquals<unknown>(read(["--config=taba.json"], {}, JSON.stringify(json)), { kind: "problem", message });
  }
});

Deno.test("readSettings: a file that can't be read or is no JSON is named with the cause", () => {
  assertEquals<unknown>(read([], { TABA_CONFIG: "gone.json" }), {
    kind: "problem",
    message: "cannot start as gone.json must be a file of JSON that can be read: No such file: gone.json",
  });
  const outcome = read(["--config", "taba.json"], {}, "{port: 1}");
  assertEquals(outcome.kind, "problem");
});

Deno.test("readSettings: arguments that nothing answers to are named", () => {
  assertProblem(["--prot", "1"], 'cannot start as all arguments must be known: "--prot" is not; see --help');
  assertProblem(["serve"], 'cannot start as all arguments must be known: "serve" is not; see --help');
  assertProblem(["-p", "--", "x"], 'cannot start as all arguments must be known: "-p", "x" is not; see --help');
  assertProblem(["--no-verbose"], 'cannot start as all arguments must be known: "--no-verbose" is not; see --help');
});

Deno.test("readSettings: a token is what a header carries, and a bad one is not shown", () => {
  const table = { token: setting(token(), { default: undefined, help: "bearer token" }) };
  const readToken = (args: readonly string[], env: Readonly<Record<string, string>> = {}, file = "{}") =>
    readSettings(table, { about, sources: { args, env: (key) => env[key], readFile: () => file } });
  assertEquals<unknown>(readToken(["--token", "aZ09+/=-._~!"]), {
    kind: "settings",
    settings: { token: "aZ09+/=-._~!" },
  });
  const must = "must be a text of printable ASCII characters without spaces: current value is";
  for (const bad of ["schl\u00fcssel", "\u043f", "two words", "line\n", "\u0000"]) {
    const problem = (at: string) => ({ kind: "problem", message: `cannot start as ${at} ${must} not shown` });
    assertEquals<unknown>(readToken([`--token=${bad}`]), problem("--token"));
    assertEquals<unknown>(readToken([], { TABA_TOKEN: bad }), problem("TABA_TOKEN"));
    assertEquals<unknown>(
      readToken(["--config=taba.json"], {}, JSON.stringify({ token: bad })),
      problem("token in taba.json"),
    );
  }
  assertEquals<unknown>(readToken(["--token="]), {
    kind: "problem",
    message: `cannot start as --token ${must} ""`,
  });
});

Deno.test("readSettings: a name is one that a client may have", () => {
  const table = { statsdClient: setting(name(), { default: undefined, help: "whose events they are" }) };
  const readName = (value: string) =>
    readSettings(table, {
      about,
      sources: { args: ["--statsd-client", value], env: () => undefined, readFile: () => "" },
    });
  assertEquals<unknown>(readName("web-1"), { kind: "settings", settings: { statsdClient: "web-1" } });
  for (const bad of ["web 1", "b\u00fcro", "x".repeat(257)]) {
    assertEquals<unknown>(readName(bad), {
      kind: "problem",
      message: "cannot start as --statsd-client must be a name of 1 to 256 characters " +
        `A-Z a-z 0-9 . _ ~ : / ? @ ! $ ( ) * + ; = -: current value is ${JSON.stringify(bad)}`,
    });
  }
});

Deno.test("readSettings: an empty text is a value of its option, and a bad one", () => {
  const message = 'cannot start as --token must be a text that is not empty: current value is ""';
  for (const args of [["--token", ""], ["--token="], ["--token", "", "--verbose"]]) assertProblem(args, message);
  assertProblem(["--verbose", ""], 'cannot start as all arguments must be known: "" is not; see --help');
});

Deno.test("readSettings: --version gives name and version", () => {
  assertEquals<unknown>(read(["--version"]), { kind: "told", text: "taba-test 1.2.3" });
});

Deno.test("readSettings: --help lists every setting with its default and its variable", () => {
  assertEquals<unknown>(read(["--help", "--port", "x"]), {
    kind: "told",
    text: `taba-test 1.2.3: Shows what settings do.

Usage: taba-test [options]

  --port N               port to listen on (default: 8279) [env: TABA_PORT]
  --server URL[,…]       servers (default: http://127.0.0.1:8300) [env: TABA_SERVER]
  --flush-ms MS          how often to seal (default: 500) [env: TABA_FLUSH_MS]
  --ratio X              a share (default: 0.5) [env: TABA_RATIO]
  --token TOKEN          bearer token [env: TABA_TOKEN]
  --roles fe|be[,…]      what it does (default: fe,be) [env: TABA_ROLES]
  --verbose              say more [env: TABA_VERBOSE]
  --own-tabs true|false  record some (default: true) [env: TABA_OWN_TABS]
    store {…}            where it keeps things [only in the file of --config]
  --config FILE          JSON with any of these, by name in camelCase; flags and variables win [env: TABA_CONFIG]
  --help                 print this and exit
  --version              print the version and exit`,
  });
});
