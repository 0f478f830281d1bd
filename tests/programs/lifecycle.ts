// A program without work of its own, to see how service/lifecycle.ts starts and ends programs.

import { BugError } from "../../core/assert.ts";
import { background } from "../../service/background.ts";
import { runUntilStopped, StartTrouble } from "../../service/lifecycle.ts";
import { log } from "../../service/process_log.ts";
import { choice } from "../../service/setting_kinds.ts";
import { setting } from "../../service/settings.ts";

await runUntilStopped({
  about: { name: "lifecycle", version: "1.0.0", summary: "Starts and ends." },
  table: {
    ends: setting(choice("well", "late", "by-bug", "by-background", "before-start", "in-flood"), {
      default: "well",
      help: "how it ends",
    }),
  },
  start({ ends }) {
    if (ends === "before-start") throw new StartTrouble("cannot start as it was asked not to");
    if (ends === "by-bug") setTimeout(() => Promise.reject(new BugError("it must end well")), 0);
    if (ends === "in-flood") { for (let index = 0; index < 1000; index++) log.warn("the same again", { index }); }
    if (ends === "by-background") background("breaking", Promise.reject(new TypeError("broken")));
    // Keeps the process alive as a server would.
    setInterval(() => {}, 3_600_000);
    const stopping = ends === "late" ? Promise.withResolvers<void>().promise : Promise.resolve();
    return Promise.resolve({ url: "nowhere", stopMs: 0, stop: () => stopping });
  },
});
