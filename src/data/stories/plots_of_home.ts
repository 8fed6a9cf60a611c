/**
 * Plots of home and the way there, as templates (see `expander.ts` for how they are read).
 *
 * @module
 */

import type { Plot } from "./expander.ts";

/** Fear, the forest, sleep, and animals that need help. */
export const PLOTS_OF_HOME: readonly Plot[] = [
  // Somebody is afraid and finds out that there is no need.
  {
    cast: { hero: "child", helper: "elder", fear: "fear" },
    paragraphs: [
      [
        "{@opening} {@trait} But {hero} was afraid of {fear}.",
        "{fear.scene}. {hero} [hid behind {hero.their} {helper}|held {hero.their} {helper}'s hand|" +
        "closed {hero.their} eyes|did not want to move].",
      ],
      [
        '"[What is the matter|What is wrong]?" asked {hero.their} {helper}.',
        '"I am [afraid|scared]," said {hero} in a [small|quiet] voice.',
        "{helper.called} [took {hero.their} hand|sat down next to {hero}|gave {hero} a hug]. " +
        '"{fear.truth}," {helper.they} said. "{fear.look}."',
      ],
      [
        "{hero} [did not want to|waited a little|took a deep breath]. " +
        "Then {hero.they} [tried it|did it|was brave]. {fear.found}. {hero} began to [smile|laugh].",
        '"[That was not so bad|I was brave|I am not afraid now]!" {hero.they} said.',
      ],
      [
        '"[I am proud of you|You are very brave|I knew you could do it]," said {helper.called}.',
        "[From that day on, {hero} was not afraid of {fear}.|" +
        "After that, {hero} told {hero.their} friends not to be afraid of {fear}.|" +
        "{@night} fell asleep with a smile.]",
      ],
    ],
  },
  // A hurt animal is cared for.
  {
    cast: { hero: "child", animal: "hurtAnimal", helper: "elder", place: "place" },
    paragraphs: [
      [
        "{@opening} {@day} {hero} [walked|went] {place.to} with {hero.their} {helper}. {@detail}",
        "[There|Under a bush|Next to a stone] {hero} saw a little {animal}. It did not [move|run away].",
      ],
      [
        '"Look, its {animal.part} is hurt," said {hero}. "[Can we help it|What can we do]?"',
        '"[Yes, but we must be gentle|We can take it home|It needs a warm bed]," said {helper.called}.',
        "{hero} put the {animal} in [a soft box|a warm hat|a basket] and carried it home.",
      ],
      [
        "Every day {hero} gave the {animal} {animal.food} and [water|a little milk].",
        "{hero.They} [talked to it|sang to it|sat with it] [every night|for a long time].",
        "[After a week|After many days|Day by day], the {animal} [got better|grew strong]. Its {animal.part} did not hurt.",
      ],
      [
        '"[Now it must go home|It is time to let it go]," said {helper.called}. ' +
        "{hero} was a little sad, but {hero.they} opened the [door|box].",
        "The {animal} looked at {hero} and {animal.leaves}.",
        "[Sometimes it came back to say hello.|The next spring, it came back with two little ones.|" +
        '"Goodbye, my friend!" called {hero}.|{hero} waved until it was gone.]',
      ],
    ],
  },
  // Lost in the forest, and shown the way.
  {
    cast: { hero: "child", helper: "elder", guide: "guide", color: "color" },
    paragraphs: [
      [
        "{@opening} {hero} lived [in a small house|with {hero.their} {helper}] near a big forest.",
        '"Do not go into the forest alone," said {hero.their} {helper}.',
      ],
      [
        "{@day} {hero} saw a {color} [butterfly|bird|leaf in the wind]. It was so pretty! " +
        "{hero} ran after it, farther and farther. {@detail}",
        "[Then it was gone|Then it flew away]. {hero} looked around. There were trees [everywhere|on all sides].",
        '"[Where am I|How do I get home]?" said {hero}. It was getting dark. {@sad}',
      ],
      [
        "{@soon} a {guide} [came out of the trees|looked down at {hero}]. {@ask} it asked.",
        '"I am lost," said {hero}. "[I want to go home|I cannot find my house]."',
        '{@comfort} said the {guide}. "{guide.clue}."',
        "{hero} {guide.way}. [At last|Soon] {hero.they} saw a light. It was home!",
      ],
      [
        "{helper.called} ran out of the house and [hugged {hero}|took {hero} in {helper.their} arms]. " +
        '"I am sorry," said {hero}. "[I will not go alone again|I should have listened]."',
        "[They ate warm soup together.|{@night} thought of the {guide} and smiled.|" +
        "The next day they left some bread for the {guide}.]",
      ],
    ],
  },
  // Cannot sleep.
  {
    cast: { hero: "child", helper: "elder", toy: "softToy", color: "color" },
    paragraphs: [
      [
        "{@opening} One night, {hero} could not sleep. The moon was [big|round] and [bright|white].",
        "{hero.They} turned to one side and to the other. {hero.They} counted [sheep|stars], but it did not help.",
      ],
      [
        '{hero} went to {hero.their} {helper}. "I cannot sleep," {hero.they} said.',
        '"[Are you hungry|Are you thirsty]?" asked {helper.called}. {hero} drank some warm milk, but {hero.they} still could not sleep.',
        '"[Are you cold|Is it too cold]?" asked {helper.called} and brought a blanket. But that was not it.',
      ],
      [
        'Then {helper.called} looked at the bed. "[Where is your {toy}|Is something missing]?" {helper.they} asked.',
        "The {color} {toy} was [outside in the garden|on the kitchen table|under the bed]! It was all alone.",
        "{hero} [ran and got it|brought it back] and put it on the pillow.",
      ],
      [
        "[{helper.called} sang a quiet song.|{helper.called} told a short story.|{helper.called} kissed {hero} good night.] " +
        "{hero} closed {hero.their} eyes and [held the {toy}|smiled].",
        "[Soon|In a moment] {hero.they} was asleep, and the moon looked in at the window.",
      ],
    ],
  },
  // A coin is given away.
  {
    cast: { hero: "child", helper: "elder", animal: "hurtAnimal", toy: "toy", color: "color" },
    paragraphs: [
      [
        "{@opening} {hero} had one [shiny|gold|silver] coin. {hero.They} [wanted to buy|dreamed of] a {color} {toy}.",
        "{@day} {hero} went to the market with the coin in {hero.their} hand.",
      ],
      [
        "On the way {hero.they} saw a little {animal}. It was thin and [cold|weak]. " +
        '"[Are you hungry|Have you lost your mother|When did you last eat]?" asked {hero}.',
        "The {animal} looked at {hero} with big eyes. {hero} thought of the {toy}. " +
        "Then {hero.they} thought of the {animal}.",
        "{hero} bought [a bag of|some] {animal.food} and gave it to the {animal}. It ate and ate, and it was [happy|strong] again.",
      ],
      [
        "Now the coin was gone. {hero} walked home without the {toy}.",
        '"[Where is your {toy}|What did you buy]?" asked {hero.their} {helper}. {hero} told {helper.them} about the {animal}.',
        '{helper.called} [gave {hero} a hug|was quiet for a moment]. "[You have a good heart|That was kind of you]," {helper.they} said.',
      ],
      [
        "The next [morning|day] there was something on the table. It was a {color} {toy}! " +
        "{helper.called} had made it [in the night|out of old things|with {helper.their} own hands].",
        "{@happy} [And outside, the {animal} sat under the window.|The {animal} came to visit every day.]",
      ],
    ],
  },
];
