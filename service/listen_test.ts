import { assert, assertEquals, assertRejects } from "@std/assert";
import { BugError } from "../core/assert.ts";
import { CERT, KEY } from "../tests/certificate.ts";
import { type Fetch, listen, type Listening, ListenTrouble } from "./listen.ts";
import { createLog } from "./log.ts";

const HOSTNAME = "127.0.0.1";

function open(handler: Fetch, lines: string[] = []): Promise<Listening> {
  const log = createLog({ clock: () => 0, write: (line) => lines.push(line) });
  return listen(handler, { hostname: HOSTNAME, port: 0, log });
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  return await response.text();
}

Deno.test("listen: serves the handler at the address that it reports, and says who asks", async () => {
  await using listening = await open((request, info) =>
    new Response(`${new URL(request.url).pathname} ${info.remoteAddr}`)
  );
  assertEquals(listening.url, `http://${HOSTNAME}:${listening.port}`);
  assertEquals(await textOf(`${listening.url}/where`), "/where 127.0.0.1");
});

Deno.test("listen: an address that is taken or not ours is one line of trouble", async () => {
  await using listening = await open(() => new Response());
  const log = createLog({ clock: () => 0, write: () => {} });
  const taken = await assertRejects(
    () => listen(() => new Response(), { hostname: HOSTNAME, port: listening.port, log }),
    ListenTrouble,
  );
  assertEquals(
    taken.message,
    `cannot start as 127.0.0.1:${listening.port} must be free: another program listens there; stop it or choose another --port`,
  );
  const foreign = await assertRejects(
    () => listen(() => new Response(), { hostname: "192.0.2.1", port: 0, log }),
    ListenTrouble,
    "cannot start as 192.0.2.1:0 must be an address that this machine can listen on: ",
  );
  assert(!foreign.message.includes("\n"));
});

Deno.test("listen: a handler that fails answers 500, is logged, and others are served", async () => {
  const lines: string[] = [];
  await using listening = await open((request) => {
    if (request.url.endsWith("/bad")) throw new TypeError("broken");
    return new Response("good");
  }, lines);
  const answer = await fetch(`${listening.url}/bad`);
  assertEquals(answer.status, 500);
  assertEquals(await answer.json(), {
    error: "cannot answer as something failed here: the log of this process says what",
  });
  assertEquals(lines, [
    '1970-01-01T00:00:00.000Z error a request failed method=GET path=/bad error="TypeError: broken"',
  ]);
  assertEquals(await textOf(`${listening.url}/fine`), "good");
});

Deno.test("listen: a bug in the handler reaches the process as an uncaught error", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    resolve(event.error);
  }, { once: true });
  const bug = new BugError("must hold");
  await using listening = await open(() => Promise.reject(bug));
  const answer = await fetch(listening.url);
  await answer.body?.cancel();
  assertEquals(answer.status, 500);
  assertEquals(await promise, bug);
});

Deno.test("stop: what is under way finishes, bodies included, while new requests are refused", async () => {
  const arrived = Promise.withResolvers<void>();
  const listening = await open(async (request) => {
    arrived.resolve();
    return new Response(await request.text());
  });
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const answered = fetch(listening.url, { method: "POST", body: body.readable }).then((response) => response.text());
  await writer.write(new TextEncoder().encode("first "));
  await arrived.promise;

  const stopped = listening.stop(60_000);
  const refused = await fetch(listening.url);
  assertEquals(refused.status, 503);
  assertEquals(await refused.json(), { error: "cannot answer as this process is stopping", code: "stopping" });
  await writer.write(new TextEncoder().encode("second"));
  await writer.close();
  assertEquals(await answered, "first second");
  await stopped;
  await assertRejects(() => fetch(listening.url), TypeError);
});

Deno.test("stop: what is not done by the deadline is cut off, and a second call waits for the same end", async () => {
  const arrived = Promise.withResolvers<void>();
  const never = Promise.withResolvers<Response>();
  const listening = await open(() => {
    arrived.resolve();
    return never.promise;
  });
  const cut = assertRejects(() => fetch(listening.url), TypeError);
  await arrived.promise;
  await Promise.all([listening.stop(1), listening.stop(60_000), cut]);
  never.resolve(new Response());
});

Deno.test("listen: serves TLS with the files given, and refuses half a pair or files that can't be read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    await Deno.writeTextFile(cert, CERT);
    await Deno.writeTextFile(key, KEY);
    const log = createLog({ clock: () => 0, write: () => {} });
    const where = { hostname: HOSTNAME, port: 0, log };
    {
      await using listening = await listen(() => new Response("safe"), { ...where, cert, key });
      using client = Deno.createHttpClient({ caCerts: [CERT] });
      const answer = await fetch(listening.url, { client });
      assertEquals([listening.url.slice(0, 8), await answer.text()], ["https://", "safe"]);
    }
    await assertRejects(() => listen(() => new Response(), { ...where, cert }), ListenTrouble, "one is missing");
    await assertRejects(
      () => listen(() => new Response(), { ...where, cert, key: `${folder}/none` }),
      ListenTrouble,
      "must be readable files: ",
    );
    await Deno.writeTextFile(key, "no key");
    for (const wrong of [{ cert, key }, { cert: key, key }]) {
      await assertRejects(
        () => listen(() => new Response(), { ...where, ...wrong }),
        ListenTrouble,
        "must be a certificate and its key in PEM: ",
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
