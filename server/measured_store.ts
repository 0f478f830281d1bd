// A store whose slow calls are timed for the server's own tabs. What it gives to be drained wakes them, as far as it is
// not itself such a tab.

import { isOwnTab, type OwnTabs } from "../service/own_tabs.ts";
import type { Store } from "./store/store.ts";

export interface MeasuredStoreOptions {
  readonly own: OwnTabs;
  /** Seconds from any fixed moment. */
  readonly stopwatch: () => number;
}

export function measuredStore(store: Store, { own, stopwatch }: MeasuredStoreOptions): Store {
  async function timed<Answer>(call: string, answer: Promise<Answer>): Promise<Answer> {
    const begun = stopwatch();
    try {
      return await answer;
    } finally {
      own.measure("taba_server_store_s", stopwatch() - begun, { call });
    }
  }

  const calls: Pick<Store, "enqueue" | "readQueue" | "load" | "commit" | "read"> = {
    enqueue: (id, entries) => timed("enqueue", store.enqueue(id, entries)),
    async readQueue(lease, cursor, bytesMax) {
      const chunk = await timed("readQueue", store.readQueue(lease, cursor, bytesMax));
      if (chunk?.entries.some(({ tab }) => !isOwnTab(tab))) own.wake();
      return chunk;
    },
    load: (lease, keys) => timed("load", store.load(lease, keys)),
    commit: (commit) => timed("commit", store.commit(commit)),
    read: (bucket, keys) => timed("read", store.read(bucket, keys)),
  };
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(Object.hasOwn(calls, name) ? calls : target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
