/**
 * The words that the built-in stories are made of: who and what a plot may be about. Each entry has
 * a `name` and whatever else its plots say of it, ready to stand in a sentence.
 *
 * @module
 */

/** Something a story may be about: its name and other texts. */
export type StoryEntry = Readonly<Record<string, string>>;

const SHE = { they: "she", them: "her", their: "her" };
const HE = { they: "he", them: "him", their: "his" };

function girls(...names: string[]): StoryEntry[] {
  return names.map((name) => ({ name, kind: "girl", ...SHE }));
}

function boys(...names: string[]): StoryEntry[] {
  return names.map((name) => ({ name, kind: "boy", ...HE }));
}

function pair(kind: string, she: string, he: string): StoryEntry[] {
  return [{ name: she, kind, ...SHE }, { name: he, kind, ...HE }];
}

function named(...names: string[]): StoryEntry[] {
  return names.map((name) => ({ name }));
}

const child = [
  ...girls("Lily", "Mia", "Anna", "Sara", "Zoe", "Emma", "Rose", "Nina", "Ella", "Ruby", "Clara"),
  ...girls("Ivy", "Maya", "Lucy"),
  ...boys("Tom", "Ben", "Max", "Sam", "Leo", "Jack", "Tim", "Noah", "Finn", "Omar", "Oscar"),
  ...boys("Hugo", "Adam", "Theo"),
];

const animal = [
  ...pair("mouse", "Mimi", "Pip"),
  ...pair("rabbit", "Clover", "Hop"),
  ...pair("fox", "Amber", "Rusty"),
  ...pair("bear", "Honey", "Bruno"),
  ...pair("duck", "Daisy", "Puddle"),
  ...pair("frog", "Lulu", "Fred"),
  ...pair("squirrel", "Hazel", "Nutkin"),
  ...pair("hedgehog", "Dot", "Spike"),
  ...pair("cat", "Luna", "Felix"),
  ...pair("dog", "Bella", "Rex"),
  ...pair("turtle", "Shelly", "Moss"),
  ...pair("pig", "Penny", "Otto"),
  ...pair("goat", "Greta", "Billy"),
  ...pair("hen", "Henny", "Red"),
].filter(({ name }) => name !== "Red"); // a hen is a she

const elder = [
  { name: "mom", called: "Mom", ...SHE },
  { name: "dad", called: "Dad", ...HE },
  { name: "grandma", called: "Grandma", ...SHE },
  { name: "grandpa", called: "Grandpa", ...HE },
];

/** A place, how to be there and how to go there. */
function place(name: string, there: string, to: string): StoryEntry {
  return { name, there, to };
}

const places = [
  place("park", "in the park", "to the park"),
  place("garden", "in the garden", "to the garden"),
  place("forest", "in the forest", "to the forest"),
  place("beach", "on the beach", "to the beach"),
  place("farm", "on the farm", "to the farm"),
  place("pond", "by the pond", "to the pond"),
  place("river", "by the river", "to the river"),
  place("hill", "on the hill", "up the hill"),
  place("field", "in the field", "to the field"),
  place("market", "at the market", "to the market"),
];

const food = [
  { name: "apples", one: "apple" },
  { name: "berries", one: "berry" },
  { name: "cookies", one: "cookie" },
  { name: "carrots", one: "carrot" },
  { name: "nuts", one: "nut" },
  { name: "pears", one: "pear" },
  { name: "plums", one: "plum" },
  { name: "cakes", one: "cake" },
  { name: "oranges", one: "orange" },
];

/** What got stuck, and where: both within reach of a helper. */
const stuck = [
  { name: "kite", where: "in a tall tree", how: "The wind pulled the kite out of" },
  { name: "balloon", where: "in the top of a tree", how: "The wind took the balloon out of" },
  { name: "hat", where: "on a high branch", how: "The wind blew the hat out of" },
  { name: "paper plane", where: "on the roof", how: "The paper plane flew too high out of" },
  { name: "ball", where: "on the roof", how: "The ball flew too far out of" },
];

const fear = [
  {
    name: "the dark",
    scene: "At night the light went out, and the room was black",
    truth: "The dark is only the day with its eyes closed",
    look: "Look out of the window and count the stars",
    found: "There were so many stars, and each one was like a little lamp",
  },
  {
    name: "thunder",
    scene: "In the evening the rain came, and the thunder was very loud",
    truth: "Thunder is only the clouds playing the drums",
    look: "Clap your hands each time you hear it",
    found: "Soon it was a game, and the thunder sounded like a funny song",
  },
  {
    name: "the noise at the window",
    scene: "At night something went tap, tap, tap at the window",
    truth: "A noise is only a noise until you know its name",
    look: "Open the window and see who is knocking",
    found: "It was only a branch of the old tree, tapping in the wind",
  },
  {
    name: "the big dog next door",
    scene: "In the morning the big dog next door barked, and it was very loud",
    truth: "He barks because he wants a friend",
    look: "Hold out your hand and let him smell it",
    found: "The big dog licked the little hand and wagged his tail",
  },
  {
    name: "the tall slide",
    scene: "At the park all the children went down the tall slide, one by one",
    truth: "It is only tall until you are on the way down",
    look: "Sit down, hold my hand and count to three",
    found: "It was as fast as the wind, and it did not hurt at all",
  },
];

const skill = [
  {
    name: "ride a bike",
    fail: "fell into the grass",
    tip: "Look at the road and not at your feet",
    win: "rode all the way to the gate and back",
  },
  {
    name: "swim",
    fail: "got water in the nose",
    tip: "Kick your legs and breathe slowly",
    win: "swam from one side to the other",
  },
  {
    name: "whistle",
    fail: "made only a sound like wind",
    tip: "Make your mouth small and blow softly",
    win: "whistled a song for the birds",
  },
  {
    name: "skate",
    fail: "slipped and sat down on the ice",
    tip: "Bend your knees and take small steps",
    win: "went around the whole pond",
  },
  {
    name: "climb the old tree",
    fail: "slid back down to the ground",
    tip: "Find a good place for each foot first",
    win: "sat on the highest branch and waved",
  },
  {
    name: "jump over the stream",
    fail: "landed in the cold water",
    tip: "Run fast and jump at the very end",
    win: "jumped right over to the other side",
  },
];

const breakable = named("cup", "vase", "lamp", "plate", "clock", "bowl");

const hurtAnimal = [
  { name: "bird", part: "wing", food: "seeds", leaves: "flew up into the blue sky" },
  { name: "rabbit", part: "leg", food: "carrots", leaves: "hopped back into the forest" },
  { name: "duck", part: "foot", food: "bread", leaves: "swam away across the pond" },
  { name: "squirrel", part: "tail", food: "nuts", leaves: "ran up the tallest tree" },
  { name: "owl", part: "eye", food: "soup", leaves: "flew away into the night" },
  { name: "deer", part: "knee", food: "fresh grass", leaves: "ran back to the other deer" },
];

const gift = [
  { name: "cake", needs: "eggs", start: "put flour and sugar in a bowl", does: "baked" },
  { name: "kite", needs: "string", start: "took paper and two long sticks", does: "made" },
  { name: "picture", needs: "paint", start: "took a big sheet of paper", does: "painted" },
  { name: "scarf", needs: "wool", start: "found two long needles", does: "made" },
  { name: "pie", needs: "apples", start: "made the dough soft and round", does: "baked" },
  { name: "little boat", needs: "glue", start: "took some wood and a piece of cloth", does: "built" },
];

const plant = [
  { name: "sunflower", fruit: "big yellow flower", use: "All the bees came to say hello" },
  { name: "pumpkin", fruit: "round orange pumpkin", use: "They made a big pot of soup" },
  { name: "apple tree", fruit: "tiny green tree", use: "One day it would be full of apples" },
  { name: "tomato", fruit: "shiny red tomato", use: "It tasted better than any other" },
  { name: "strawberry", fruit: "sweet red strawberry", use: "It was the sweetest one ever" },
  { name: "rose", fruit: "pretty pink rose", use: "The whole garden smelled sweet" },
];

const guide = [
  { name: "owl", clue: "Follow the river, and it will take you home", way: "followed the river" },
  { name: "deer", clue: "Follow the white stones, and you will find your house", way: "walked from stone to stone" },
  { name: "bird", clue: "Walk to where the sun goes down", way: "walked toward the sun" },
  { name: "beaver", clue: "Cross the bridge and turn at the tall tree", way: "crossed the bridge and turned at the tall tree" },
  { name: "bee", clue: "Walk along the flowers, and you will see your door", way: "walked along the flowers" },
];

const tiny = [
  { name: "ant", later: "bit the hunter on the foot", danger: "A hunter came with a big net" },
  { name: "bee", later: "buzzed around the wolf's nose", danger: "A hungry wolf came out of the bushes" },
  { name: "beetle", later: "opened the lock from inside", danger: "A cage fell down and was locked" },
  { name: "butterfly", later: "flew off and brought help", danger: "The path was gone in the fog" },
];

const storm = [
  { name: "rain", scene: "big gray clouds came, and it began to rain", wet: "wet" },
  { name: "wind", scene: "a strong wind came and blew the cups away", wet: "cold" },
  { name: "snow", scene: "soft white snow began to fall", wet: "white" },
];

/** What each kind of thing in a plot may be, by the kind's name. */
export const STORY_WORDS: Readonly<Record<string, readonly StoryEntry[]>> = {
  child,
  animal,
  anyone: [...child, ...animal],
  elder,
  place: places,
  food,
  stuck,
  fear,
  skill,
  breakable,
  hurtAnimal,
  gift,
  plant,
  guide,
  tiny,
  storm,
  toy: named("ball", "doll", "drum", "bell", "toy boat", "toy train", "teddy bear", "spinning top", "book", "box of crayons"),
  color: named("red", "blue", "green", "yellow", "orange", "purple", "pink", "white"),
  hidingPlace: named(
    "under the bed",
    "behind the door",
    "under the table",
    "behind the big chair",
    "in the tall grass",
    "under a heap of leaves",
    "behind the tree",
    "in the old basket",
    "under the stairs",
  ),
};
