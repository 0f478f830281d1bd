import { assertEquals, assertRejects } from "@std/assert";
import { until } from "../tests/sim/virtual_time.ts";
import { receiveDatagrams } from "./datagrams.ts";
import { ListenTrouble } from "./listen.ts";

Deno.test("receiveDatagrams: hands each datagram on, until it is stopped", async () => {
  const taken: string[] = [];
  const take = (datagram: Uint8Array) => {
    taken.push(new TextDecoder().decode(datagram));
  };
  const drop = () => {};
  const receiving = await receiveDatagrams({ hostname: "127.0.0.1", port: 0, take, drop });
  const sender = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: receiving.port };
  for (const text of ["a", "", "é".repeat(4000)]) {
    const before = taken.length;
    await sender.send(new TextEncoder().encode(text), to);
    await until(() => taken.length > before, { what: "it was received" });
  }
  assertEquals(taken, ["a", "", "é".repeat(4000)]);
  await assertRejects(
    () => receiveDatagrams({ hostname: "127.0.0.1", port: receiving.port, take, drop }),
    ListenTrouble,
    `127.0.0.1:${receiving.port} must be free for UDP: another program listens there`,
  );
  sender.close();
  await receiving.stop();
});
