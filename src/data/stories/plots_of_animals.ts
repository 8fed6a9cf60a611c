/**
 * Plots of animals, as templates (see `expander.ts` for how they are read).
 *
 * @module
 */

import type { Plot } from "./expander.ts";

/** Fables: waiting, helping each other, being kind to the small, not giving up. */
export const PLOTS_OF_ANIMALS: readonly Plot[] = [
  // A seed needs patience.
  {
    cast: { hero: "anyone", helper: "animal", plant: "plant" },
    paragraphs: [
      [
        "{@opening} {@day} {hero} found a [tiny|small|little] seed.",
        "{hero} put it in the ground and gave it water. " +
        '"[Grow, little seed|Please grow fast|Wake up, little seed]," {hero.they} said.',
      ],
      [
        "The next day {hero} looked, but there was [nothing|only dirt].",
        "{hero.They} looked again and again. Still there was nothing. {@sad}",
        '"[It does not like me|It will never grow|It is a bad seed]," said {hero}.',
      ],
      [
        "{helper} the {helper.kind} came by. " +
        '"[A seed is slow|A seed needs time|You must wait]," said {helper}. "It needs sun and water, and it needs you."',
        "So {hero} gave it water every [day|morning] and [sang to it|waited|told it stories].",
        "[One morning|At last|After many days], a small green leaf came out of the ground!",
      ],
      [
        "The leaf grew and grew. In the summer there was a {plant.fruit}. {plant.use}.",
        '"[You were right|Now I know]," said {hero} to {helper}. "[Good things take time|It was good to wait]."',
      ],
    ],
  },
  // Too high for one, but not for all.
  {
    cast: { hero: "smallAnimal", second: "smallAnimal", third: "smallAnimal", food: "food" },
    paragraphs: [
      [
        "{@opening} {hero} was hungry. High up [on a wall|on a shelf|on a big rock] there was a basket of {food}.",
        '"[How good they smell|I want to eat them]!" said {hero}.',
      ],
      [
        "{hero} jumped, but {hero.they} could not reach the basket. " +
        "{second} the {second.kind} came and jumped too, but {second.they} was too small.",
        "Then {third} the {third.kind} came. " +
        '"[They are mine|I will get them for myself]," said {third}. But {third.they} could not reach the basket either.',
      ],
      [
        "The three [animals|friends] sat down and looked up. " +
        '"[We are all too small|One is too small]," said {second}.',
        '"[But together we are big|But three are tall]," said {hero}. "Let us stand on each other."',
        "{second} climbed on {third}, and {hero} climbed on {second}. {hero} reached the basket and pulled it down.",
      ],
      [
        "There were enough {food} for all three. They [ate|shared them] and laughed.",
        '"[Alone we are small, but together we are tall|It is good to have friends]," said {third}.',
        "[And they stayed friends for a long time.|From that day on, they always helped each other.]",
      ],
    ],
  },
  // A small creature returns a kindness.
  {
    cast: { hero: "animal", tiny: "tiny", place: "place" },
    paragraphs: [
      [
        "{@opening} {@trait} {@day} {hero} went {place.to}. {@detail}",
        "In a [puddle|bucket of water|little stream] {hero.they} saw [a tiny|a very small] {tiny}. It could not get out.",
      ],
      [
        '"[Help|Help me|Please help me]!" called the {tiny}. {hero} [put a leaf on the water|held out a stick], ' +
        "and the {tiny} climbed up and was safe.",
        '"Thank you," said the {tiny}. "One day I will help you too." {hero} laughed. ' +
        '"[You are so small!|How can a {tiny} help me?]" {hero.they} said.',
      ],
      [
        "A few days later, {hero} [slept under a tree|looked for food] {place.there}. {tiny.danger}. {hero} could not get away.",
        "{@soon} the {tiny} saw it. It {tiny.later}, and {hero} could run away.",
      ],
      [
        '"You saved me!" said {hero}. "[I was wrong to laugh|You are small, but you are brave]."',
        "[From that day on, {hero} and the {tiny} were friends.|And {hero} was kind to everyone, big or small.|" +
        '"Even a small friend is a good friend," said the {tiny}.]',
      ],
    ],
  },
  // The fast one rests, the slow one wins.
  {
    cast: { hero: "fastAnimal", friend: "slowAnimal", place: "place" },
    paragraphs: [
      [
        '{@opening} {hero} was very fast. "Nobody is as fast as I am," {hero.they} said [every day|to everyone].',
        "{friend} the {friend.kind} was slow, but {friend.they} never gave up.",
      ],
      [
        '{@day} {friend} said, "Let us run a race {place.to}." {hero} laughed. "[You are too slow|I will win for sure]!" {hero.they} said.',
        "They started to run. {@detail} Soon {hero} was far ahead. " +
        '"[I have a lot of time|I can rest a little]," {hero.they} thought. {hero} lay down under a tree and [fell asleep|closed {hero.their} eyes].',
      ],
      [
        "{friend} [walked|ran] on, step by step. {friend.They} was tired, but {friend.they} did not stop.",
        "When {hero} woke up, [the sun was low|it was late]. {hero.They} ran as fast as {hero.they} could.",
        "But {friend} was already there! All the animals [clapped|shouted and clapped].",
      ],
      [
        '"You won," said {hero}. "I am sorry that I laughed at you."',
        '"[Let us run together next time|You are fast, but you must not sleep]," said {friend} [with a smile|and laughed].',
        "[{hero} never laughed at slow animals again.|And they went home as friends.]",
      ],
    ],
  },
];
