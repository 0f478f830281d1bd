// A page that records what its visitors do. The client is one file without dependencies beside this one, and the agent
// lets pages of this origin post:
//
//   deno bundle --platform browser -o examples/browser/taba.js client/mod.ts
//   deno task agent --cors-origin https://shop.example

// @ts-types="../../client/mod.ts"
import * as taba from "./taba.js";

/** Browsers take no more along when a page ends. */
const KEEPALIVE_BYTES_MAX = 60 * 1024;

taba.initialize({
  // One name for all visitors: what the system keeps, it keeps for each client.
  client: "shop-pages",
  agent: document.querySelector("meta[name=taba-agent]").content,
  // Any post may be the last one; it goes on when the page has gone.
  fetch: (url, init) => fetch(url, { ...init, keepalive: init.body.length <= KEEPALIVE_BYTES_MAX }),
});

// On phones no later event is certain to come; where the page comes back, recording has simply gone on.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void taba.flush();
});
addEventListener("pagehide", () => void taba.flush());

taba.percentile("page_ready", performance.now() / 1000);
document.querySelector("#buy").addEventListener("click", ({ target }) => {
  taba.counter("bought", Number(target.dataset.price));
});
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => taba.counter("clicks", 1, { tags: { button: button.id } }));
}
