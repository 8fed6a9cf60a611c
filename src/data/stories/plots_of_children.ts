/**
 * Plots of children who learn something, as templates (see `expander.ts` for how they are read).
 *
 * @module
 */

import type { Plot } from "./expander.ts";

/** Trying, making, helping, telling the truth, tidying up. */
export const PLOTS_OF_CHILDREN: readonly Plot[] = [
  // Something is stuck too high; a clever friend gets it down.
  {
    cast: {
      hero: "child",
      helper: "elder",
      friend: "child",
      thing: "stuck",
      color: "color",
      place: "place",
    },
    paragraphs: [
      [
        "{@opening} {@day} {hero} went {place.to} with {friend}. {@detail}",
        "{hero} had a new {color} {thing}. [It was a gift from {hero.their} {helper}.|It was very pretty.]",
      ],
      [
        "They [played|ran and laughed] for a long time. {thing.how}, and " +
        "it got stuck {thing.where}.",
        '"[Oh no|Oh dear], my {thing}!" cried {hero}.',
        "[{hero} jumped as high as {hero.they} could, but it was too high.|" +
        "{hero} tried to climb up, but {hero.they} was too small.]",
        "{friend} threw a [stick|stone|shoe], but it did not [help|reach]. {@sad}",
      ],
      [
        "{@soon} {hero.their} {helper} came. {@ask} {helper.they} asked.",
        '"My {thing} is stuck {thing.where}," said {hero}.',
        "{helper.called} [thought for a moment|looked up and smiled]. " +
        '"[I know what to do|We need something long|I have an idea]," {helper.they} said.',
        "{helper.They} [got a ladder|took a long broom|found a long pole] and got the {thing} down.",
      ],
      [
        "{@happy} {@thanks}",
        "[After that, {hero} held the {thing} with both hands.|" +
        "Then {hero} and {friend} played far away from the [trees|house].|" +
        "They all went home together, and {hero} carried the {thing} all the way.]",
      ],
    ],
  },
  // Something is broken, and telling the truth is better.
  {
    cast: { hero: "child", helper: "elder", thing: "breakable", color: "color" },
    paragraphs: [
      [
        "{@opening} {hero.Their} {helper} had a [pretty|beautiful|very old] {color} {thing}.",
        '"[Please do not run in the house|Please play with the ball outside]," {helper.called} always said.',
      ],
      [
        "One [rainy|cold|gray] [day|morning|afternoon], {hero} could not go out. {hero.They} was bored. {hero.They} [threw a ball in the house|" +
        "ran around the table|jumped on the big chair].",
        "[Crash|Bang|Smash]! The {thing} fell down and broke.",
        "{hero} was [afraid|scared]. {hero.They} [hid|put] the pieces [under the bed|in a box|behind the door].",
      ],
      [
        'In the evening, {helper.called} asked, "[Where is my {thing}|Have you seen my {thing}]?"',
        "{hero} [looked down at {hero.their} feet|felt hot and cold]. " +
        "{hero.They} wanted to say that [the cat|the wind] did it. But that was not true.",
        '"I broke it," said {hero}. "I am [so|very] sorry."',
      ],
      [
        "{helper.called} was [quiet|sad] for a moment. Then {helper.they} [gave {hero} a hug|smiled].",
        '"[Thank you for telling me the truth|I am glad you told me]," {helper.they} said. ' +
        '"[A {thing} can be fixed|You are more to me than a {thing}]."',
        "They [put the pieces together with glue|fixed the {thing} together].",
        "[After that, {hero} played with the ball outside.|" +
        "And {hero} learned that it is good to tell the truth.|From that day on, {hero} always told the truth.]",
      ],
    ],
  },
  // A gift lacks one thing, and a neighbor helps.
  {
    cast: { hero: "child", elder: "elder", friend: "child", gift: "gift" },
    paragraphs: [
      [
        "{@opening} Tomorrow was {hero.their} {elder}'s birthday.",
        '"I will make a {gift} for {elder.called}," said {hero}. {hero.They} {gift.start}.',
      ],
      [
        "Then {hero.they} stopped. [{gift.none}|The box was empty]. " +
        '"I need {gift.needs}," {hero.they} said. "[What can I do|Where can I get some]?"',
        "The [shop|store] was closed. {@sad}",
      ],
      [
        "{hero} went to the house next door. {friend} opened the door. {@ask} asked {friend}.",
        '"I want to make a {gift}, but I have no {gift.needs}," said {hero}.',
        '"[We have some|I have plenty|Wait here]," said {friend}. "[And I can help you|Let us do it together]."',
        "They {gift.does} the {gift} together, and it was [a very fine {gift}|the best {gift} in town].",
      ],
      [
        "The next [day|morning], {hero} gave the {gift} to {hero.their} {elder}. " +
        '"[Happy birthday|This is for you]!" said {hero}.',
        "{elder.called} [laughed|smiled] and hugged {hero}. " +
        '"[This is the best gift of all|What a wonderful {gift}|I will keep it forever]!"',
        '["{friend} helped me," said {hero}.|{friend} came to the party too.] ' +
        "[They were all very happy.|They sang and danced until night.]",
      ],
    ],
  },
  // Trying again until it works.
  {
    cast: { hero: "child", friend: "child", helper: "elder", skill: "skill" },
    paragraphs: [
      [
        "{@opening} {hero} wanted to {skill}. All {hero.their} friends could do it.",
        '"[It looks so easy|I can do it too]," {hero.they} [said|thought].',
      ],
      [
        "{@day} {hero} tried for the first time and {skill.fail}. " +
        "{hero.They} tried again and {skill.fail} again.",
        '{friend} [laughed|saw it and laughed]. {hero}\'s face was red. "[I will never learn it|I cannot do it]," {hero.they} said.',
      ],
      [
        "{hero.Their} {helper} [saw it|was there]. " +
        '"[I could not do it at first|Everyone falls at first|Nobody can do it the first time]," said {helper.called}. "{skill.tip}."',
        "{hero} tried [once more|again]. It was a little better. {hero.They} tried [all day|every day for a week].",
      ],
      [
        "[At last|One day], {hero} {skill.win}. " +
        '"[Look at me|I did it|I can do it]!" {hero.they} shouted.',
        '"[I am sorry that I laughed|That was great]," said {friend}. "[Please teach me|Let us do it together]."',
        "{helper.called} clapped {helper.their} hands. [{hero} was very proud.|{hero} had learned to try again.]",
      ],
    ],
  },
  // Kindness on the way is worth being late.
  {
    cast: { hero: "child", helper: "elder", food: "food" },
    paragraphs: [
      [
        "{@opening} {@trait} {@day} there was a big [fair|party|puppet show] in town.",
        "{hero} put on a [clean shirt|new hat] and ran down the road. {hero.They} did not want to be late.",
      ],
      [
        "On the way {hero} saw an old woman with a heavy basket full of {food}. She [walked very slowly|stopped at every tree].",
        "{hero} [wanted to run on|looked at the road|thought of the music and the lights]. " +
        "But the old woman looked so tired.",
        '"[Let me help you|I can carry that for you|That is too heavy for you]," said {hero}. {hero.They} took the basket and carried it all the way to her house.',
      ],
      [
        "When {hero} came to town, [it was over|all the people were going home]. {@sad}",
        "{hero.Their} {helper} [was there too|came to {hero.them}]. {@ask} asked {helper.called}.",
        '"I was late because I carried a basket," said {hero}. {helper.called} smiled. "[You did the right thing|Then you were late for a good reason]," {helper.they} said.',
      ],
      [
        "The next day somebody knocked at the door. It was the old woman, and she had a [big|little] bag of {food} for {hero}.",
        '"[This is for my little helper|You were so kind to me]," she said. ' +
        "[They all sat down and ate together.|It was better than any party.|From that day on, {hero} visited her every week.]",
      ],
    ],
  },
  // Tidying up turns out to be a treasure hunt.
  {
    cast: { hero: "child", helper: "elder", friend: "child", toy: "toy", color: "color" },
    paragraphs: [
      [
        "{@opening} {hero} never put things away. There were [socks|books|blocks] on the floor and [paper|shoes|crumbs] on the bed.",
        '"[Please clean your room|You should clean up]," said {hero.their} {helper}. "[Later|Not now]!" said {hero}.',
      ],
      [
        "{@day} {friend} came to the door. " +
        '"[Come out|Come and play]! We are all going to the [park|pond|beach]," {friend.they} said.',
        "But {hero} could not find {hero.their} [shoes|coat|hat]. {hero.They} looked and looked. " +
        "{friend} waited, and then {friend.they} had to go. {@sad}",
      ],
      [
        '"[It is all my fault|Now I know what to do]," said {hero}. {hero.They} began to clean.',
        "{hero.They} put the books on the shelf and the toys in the box. And what was that?",
        "[In the corner|Under a heap of things|At the very bottom] there was the {color} {toy}! {hero} had lost it [last summer|a long time ago].",
      ],
      [
        "[Soon the room was clean.|At last everything was in its place.] " +
        '"[What a nice room|I am proud of you]!" said {helper.called}.',
        "The next time {friend} came, {hero} was ready in a moment. [They ran out into the sun.|They played with the {toy} all day.]",
      ],
    ],
  },
];
