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

/** For a tower of animals, and for races. */
const SMALL = ["mouse", "rabbit", "duck", "frog", "squirrel", "hedgehog", "hen", "turtle"];
const FAST = ["rabbit", "fox", "cat", "dog", "squirrel"];
const SLOW = ["turtle", "hedgehog", "duck", "frog", "pig", "bear"];

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
  { name: "Henny", kind: "hen", ...SHE },
];

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

/** What got stuck, how and where. */
const stuck = [
  { name: "kite", where: "in a tall tree", how: "The wind pulled the kite away" },
  { name: "balloon", where: "in the top of a tree", how: "The wind took the balloon" },
  { name: "hat", where: "on a high branch", how: "The wind blew the hat away" },
  { name: "paper plane", where: "on the roof", how: "The paper plane flew too high" },
  { name: "ball", where: "on the roof", how: "The ball flew too far" },
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
    fail: "slipped on the ice",
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
  { name: "kitten", part: "paw", food: "fish", leaves: "ran home to its mother" },
  { name: "hedgehog", part: "nose", food: "berries", leaves: "walked off into the tall grass" },
];

/** What one can make, what is missing for it, how one begins and what one does. */
function gift(name: string, needs: string, none: string, start: string, does: string): StoryEntry {
  return { name, needs, none, start, does };
}

const gifts = [
  gift("cake", "eggs", "There were no eggs left", "put flour and sugar in a bowl", "baked"),
  gift("kite", "string", "There was no string left", "took paper and two long sticks", "made"),
  gift("picture", "paint", "There was no paint left", "took a big sheet of paper", "painted"),
  gift("scarf", "wool", "There was no wool left", "found two long needles", "made"),
  gift("pie", "apples", "There were no apples left", "made the dough soft and round", "baked"),
  gift(
    "toy boat",
    "glue",
    "There was no glue left",
    "took some wood and a piece of cloth",
    "built",
  ),
];

const plant = [
  { name: "sunflower", fruit: "big yellow flower", use: "All the bees came to say hello" },
  { name: "pumpkin", fruit: "round orange pumpkin", use: "They made a big pot of soup" },
  { name: "apple tree", fruit: "tiny green tree", use: "One day it would be full of apples" },
  { name: "tomato", fruit: "shiny red tomato", use: "It tasted better than any other" },
  { name: "strawberry", fruit: "sweet red strawberry", use: "It was the sweetest one ever" },
  { name: "rose", fruit: "pretty pink rose", use: "The whole garden smelled sweet" },
];

/** Who shows the way home, in which words, and how the way is gone. */
function guide(name: string, clue: string, way: string): StoryEntry {
  return { name, clue, way };
}

const guides = [
  guide("owl", "Follow the river, and it will take you home", "followed the river"),
  guide("deer", "Follow the white stones to your house", "walked from stone to stone"),
  guide("bird", "Walk to where the sun goes down", "walked toward the sun"),
  guide("beaver", "Cross the bridge and turn at the tall tree", "crossed the bridge and turned"),
  guide("bee", "Walk along the flowers, and you will see your door", "walked along the flowers"),
];

const tiny = [
  { name: "ant", danger: "A hunter came with a big net", later: "bit the hunter on the foot" },
  { name: "bee", danger: "A hungry wolf came", later: "buzzed around the wolf's nose" },
  { name: "beetle", danger: "A cage fell down and closed", later: "opened the door of the cage" },
  { name: "butterfly", danger: "A long snake came", later: "danced in front of the snake's eyes" },
];

const storm = [
  {
    name: "rain",
    scene: "big gray clouds came, and it began to rain. Everything got wet",
    inside: "listened to the rain on the roof",
  },
  {
    name: "wind",
    scene: "a strong wind came. The cups rolled away, and the bread fell into the mud",
    inside: "listened to the wind at the door",
  },
  {
    name: "snow",
    scene: "it got very cold, and snow began to fall. Soon everything was white",
    inside: "watched the snow through the window",
  },
];

const building = [
  {
    name: "sand castle",
    fall: "a big wave came and washed it away",
    advice: "We must build it far from the water",
  },
  {
    name: "tower",
    fall: "it leaned to one side and fell down",
    advice: "The big blocks must be at the bottom",
  },
  {
    name: "little house",
    fall: "the wind blew it down",
    advice: "Sticks are too light, so let us take stones",
  },
  {
    name: "snowman",
    fall: "the sun came out and the head fell off",
    advice: "We must build it in the shade",
  },
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
  gift: gifts,
  plant,
  guide: guides,
  tiny,
  storm,
  building,
  smallAnimal: animal.filter(({ kind }) => SMALL.includes(kind!)),
  fastAnimal: animal.filter(({ kind }) => FAST.includes(kind!)),
  slowAnimal: animal.filter(({ kind }) => SLOW.includes(kind!)),
  softToy: named("doll", "teddy bear", "toy rabbit", "toy dog", "pillow"),
  toy: named(
    "ball",
    "doll",
    "drum",
    "bell",
    "toy boat",
    "toy train",
    "toy car",
    "toy horse",
    "teddy bear",
    "spinning top",
  ),
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
