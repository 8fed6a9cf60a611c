import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Random } from "../../src/random.ts";
import { generateStories, joinStories } from "../../src/data/stories.ts";
import { expandPlot } from "../../src/data/stories/expander.ts";
import { STORY_WORDS } from "../../src/data/stories/words.ts";

const stories = [...generateStories({ seed: 0, count: 2000 })];

Deno.test("generateStories() gives the same stories for a seed, however many are taken", () => {
  assertEquals([...generateStories({ seed: 0, count: 5 })], stories.slice(0, 5));
  assert([...generateStories({ seed: 1, count: 1 })][0] !== stories[0]);
  const [first] = generateStories();
  assertEquals(first, stories[0]);
});

Deno.test("generateStories() ends when there are enough characters", () => {
  const some = [...generateStories({ seed: 0, characters: 5000 })];
  const total = some.join("").length;
  assert(total >= 5000 && total - some.at(-1)!.length < 5000);
  assertEquals([...generateStories({ characters: 0 })], []);
});

Deno.test("generateStories() hardly ever repeats a story, and keeps to simple words", () => {
  assert(new Set(stories).size > 1990);
  const words = new Set(stories.join(" ").toLowerCase().match(/[a-z']+/g));
  assert(words.size > 500 && words.size < 1000, `${words.size} words`);
});

Deno.test("generateStories() writes whole sentences", () => {
  for (const story of stories) {
    assertMatch(story, /^[ -~\n]+$/);
    assert(story.length > 300 && story.length < 1500, story);
    // Nothing of the templates, no doubled or missing blanks, capital letters, a and an.
    const mistake = story.match(
      /[[\]{}|@]|undefined| {2}| \n|\n | [.,!?]|[a-z][.!?][A-Za-z]|[.!?] [a-z]|\ba [aeiou]|\ban [^aeiou]/,
    );
    assertEquals(mistake, null, story);
    for (const paragraph of story.split("\n")) {
      assertMatch(paragraph, /^["A-Z].*[.!?]"?$/, story);
      assertEquals(paragraph.split('"').length % 2, 1, `quotes: ${paragraph}`);
    }
  }
});

Deno.test("joinStories() puts an end-of-text token after each story", () => {
  assertEquals(joinStories(["a", "b"]), "a<|endoftext|>b<|endoftext|>");
  assertEquals(joinStories(["a", "b"], "\n"), "a\nb\n");
});

Deno.test("expandPlot() reads slots, fields, choices and phrases", () => {
  const world = {
    words: { who: [{ name: "owl", they: "it" }], what: STORY_WORDS["color"]!.slice(4, 5) },
    phrases: { end: "[the end|the end]." },
  };
  const plot = {
    cast: { hero: "who", color: "what" },
    paragraphs: [["[a {hero}|a [{hero}|{hero}]] saw a {color} cat. {hero.They} left.", "[|]"], [
      "{@end}",
    ]],
  };
  assertEquals(
    expandPlot(plot, world, new Random(0)),
    "An owl saw an orange cat. It left.\nThe end.",
  );
  const broken = { cast: { hero: "who" }, paragraphs: [["{hero.age}"]] };
  assertThrows(
    () => expandPlot(broken, world, new Random(0)),
    Error,
    "Cannot expand {hero.age}: the story has none",
  );
});
