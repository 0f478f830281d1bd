// A headless Chromium of one test, driven through playwright-core, which brings no browser of its own.

import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../../tools/find_program.ts";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Chromium in a profile of its own, which is gone with it. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await findProgram({
    what: "a browser",
    programs: ["chromium", "chromium-browser", "google-chrome"],
    debian: "chromium",
    install: "Chromium",
    variable: "TABA_CHROMIUM",
  });
  return await chromium.launch({ executablePath, args: FLAGS, headless: true });
}
