// Every story of this folder, told by real client, agent, ingest, drain and query code, ends as it is written.

import { assert, assertEquals } from "@std/assert";
import { tellStory } from "./story.ts";

const FOLDER = new URL(".", import.meta.url);
const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".story")).sort();

Deno.test("stories: there are some", () => assert(names.length > 0));

for (const name of names) {
  Deno.test(`story: ${name.replace(".story", "").replaceAll("_", " ")}`, async () => {
    const story = await Deno.readTextFile(new URL(name, FOLDER));
    assertEquals(await tellStory(story), story);
  });
}
