/**
 * Plots among friends, as templates (see `expander.ts` for how they are read).
 *
 * @module
 */

import type { Plot } from "./expander.ts";

/** Losing and finding, sharing, taking, meeting, celebrating and building. */
export const PLOTS_OF_FRIENDS: readonly Plot[] = [
  // A lost toy is found by a friend.
  {
    cast: {
      hero: "anyone",
      friend: "anyone",
      toy: "toy",
      color: "color",
      first: "hidingPlace",
      second: "hidingPlace",
      spot: "hidingPlace",
    },
    paragraphs: [
      [
        "{@opening} {@trait} {hero} had a {color} {toy}.",
        "[{hero.They} [loved|liked] it more than anything else.|" +
        "It was {hero.their} favorite thing in the world.|{hero.They} took it everywhere.]",
      ],
      [
        "{@day} {hero} wanted to play, but the {toy} was [gone|not there|lost].",
        '"Where is my {toy}?" {hero.they} [asked|said|cried].',
        "{hero.They} looked {first}, but it was not there.",
        "{hero.They} looked {second}, but there was only [dust|an old shoe|a sock|a spider]. {@sad}",
      ],
      [
        "{@soon} {friend} [came by|walked by|came to play]. {@ask} asked {friend}.",
        '"I lost my {color} {toy}," said {hero}.',
        '{@comfort} said {friend}. "[We can look together|I will help you|Two can find more than one]."',
        "They looked [everywhere|high and low|here and there].",
        '{friend} looked {spot}. "[Here it is|I found it|I see it|Look]!" {friend.they} [shouted|called].',
      ],
      [
        "{@happy} {@thanks}",
        "[They played with the {toy} until it was dark.|They played together all day.]",
        "[From that day on, {hero} always put the {toy} back in its place.|" +
        "After that, {hero} let {friend} play with the {toy} too.|" +
        "{hero} never lost the {toy} again.]",
      ],
    ],
  },
  // Sharing food.
  {
    cast: { hero: "anyone", friend: "anyone", food: "food", place: "place" },
    paragraphs: [
      [
        "{@opening} {hero} [loved|liked] {food}. {@day} {hero} went {place.to} with a " +
        "[bag|basket] full of {food}.",
        '"They are all for me," {hero.they} [said|thought].',
      ],
      [
        "{@soon} {hero} met {friend}. {friend} looked at the {food}.",
        '"[I am so hungry|I did not eat today|My basket is empty]," said {friend}. ' +
        '"[May I have one|Can I have a {food.one}|Will you give me one], please?"',
        '"No," said {hero}. "They are mine." {friend} [walked away|went away] with a sad face.',
      ],
      [
        "{hero} sat down and ate [a|one] {food.one}. But it did not taste good.",
        "[{hero.They} thought of {friend} and felt bad.|It is no fun to eat alone, {hero.they} thought.]",
        '{hero} ran after {friend}. "[Wait|Stop|Come back]!" {hero.they} called. ' +
        '"I am sorry. [Please take half of my {food}|I have enough for two|Let us eat together]."',
      ],
      [
        "{friend} smiled. They sat {place.there} and ate the {food} together.",
        "Now the {food} tasted [sweet|so good|better than before].",
        "[The next day, {friend} brought something for {hero} too.|" +
        "From that day on, {hero} and {friend} shared everything.|" +
        '"It is better to share," said {hero}.|And so they became friends.]',
      ],
    ],
  },
  // Taking without asking.
  {
    cast: { hero: "anyone", friend: "anyone", toy: "toy", color: "color", place: "place" },
    paragraphs: [
      [
        "{@opening} {hero} had a friend [named|called] {friend}. {friend} had a [new|shiny|beautiful] {color} {toy}.",
        '"[I want one too|I wish it were mine]," {hero} thought.',
      ],
      [
        "{@day} they played {place.there}. {@detail} When {friend} looked away, {hero} took the {toy} and ran home.",
        "{hero} played with it alone. But {hero.they} did not feel [happy|good].",
        "[Outside|Through the window], {hero.they} saw {friend}. {friend} looked for the {toy} and cried.",
      ],
      [
        "{hero} felt [bad|very bad|sorry]. {hero.They} [went out|ran back] with the {toy}.",
        '"I took your {toy}," said {hero}. "It was wrong. I am sorry."',
        '{friend} [dried {friend.their} eyes|looked at {hero}]. "[You only had to ask|I would have let you play with it]," said {friend}. "[Let us play together|We can play with it together]."',
      ],
      [
        "They played {place.there} until [the sun went down|it was dark].",
        "[It was much more fun than playing alone.|{hero} never took anything without asking again.|" +
        "From that day on, they were the best of friends.]",
      ],
    ],
  },
  // Somebody new is shy.
  {
    cast: { hero: "anyone", friend: "anyone", toy: "toy", place: "place" },
    paragraphs: [
      [
        "{@opening} {@trait} But {hero} was new in town and had no friends.",
        "Every day {hero.they} [sat|played] alone {place.there}. {hero.They} was too shy to say hello.",
      ],
      [
        "{@day} {hero} saw {friend}, who had a {toy}. {friend} [played|sang] and laughed.",
        '"[I want to play too|I wish I could play too]," thought {hero}, but {hero.they} did not dare to ask.',
        "[Then|Suddenly] the {toy} [fell|dropped] [into the mud|behind a rock|into a hole], and {friend} could not [get|reach] it.",
      ],
      [
        '"[Oh no|Oh dear]!" said {friend}. {hero} [ran|came] over. "I can help," {hero.they} said.',
        "{hero} [bent down and reached it|stretched out and got it|found a stick and pulled it out].",
        '"[Thank you|You did it]!" said {friend}. "[What is your name|Who are you]?" "My name is {hero}," said {hero}.',
      ],
      [
        '"[Do you want to play with me|Will you be my friend]?" asked {friend}. "Yes!" said {hero}.',
        "They played {place.there} all [day|afternoon]. [{hero} was not alone anymore.|" +
        "Now {hero} had a friend.|And the next day they met again.]",
      ],
    ],
  },
  // Bad weather spoils a picnic, and it is fun all the same.
  {
    cast: { hero: "anyone", friend: "anyone", food: "food", place: "place", storm: "storm" },
    paragraphs: [
      [
        "{@opening} {@day} {hero} and {friend} wanted to have a picnic {place.there}. {@detail}",
        "{hero} packed [bread|cheese|sandwiches] and {food}. {friend} brought a [big|soft|warm] blanket.",
      ],
      [
        "But when they sat down, {storm.scene}.",
        '"Our picnic is [over|no good now]!" said {hero}. {@sad}',
        "[They ran under a tree.|They put the blanket over their heads.|They picked up their things and ran.]",
      ],
      [
        'Then {friend} had an idea. "[We can have a picnic at my house|Come to my house|Let us go inside]," {friend.they} said.',
        "They put the blanket on the floor and made [a tent with two chairs|a roof with a big sheet].",
        "They ate the {food} and [told stories|sang songs|{storm.inside}].",
      ],
      [
        '"[This is the best picnic ever|I like this picnic even more]!" said {hero}.',
        "[Outside it was cold, but inside it was warm.|The {storm} did not matter at all.] " +
        "[They laughed until it was time to go home.|{friend} smiled and gave {hero} the last {food.one}.]",
      ],
    ],
  },
  // Everyone seems to have forgotten the birthday.
  {
    cast: {
      hero: "anyone",
      friend: "anyone",
      third: "anyone",
      food: "food",
      toy: "toy",
      color: "color",
    },
    paragraphs: [
      [
        "{@opening} One [sunny|warm|bright|fine] morning, {hero} woke up early. It was {hero.their} birthday!",
        '"[Today will be a wonderful day|All my friends will come]," {hero.they} said.',
      ],
      [
        '{hero} met {friend}. "Good morning," said {friend}. "[I have no time today|I have to go]." And {friend.they} ran away.',
        '{hero} met {third}. "[I am busy|I cannot play today]," said {third} and went away too.',
        '"They forgot my birthday," thought {hero}. {@sad}',
      ],
      [
        "[In the evening|When the sun went down], {hero} walked home. The house was dark and quiet. {hero} opened the door.",
        '"Surprise!" shouted {friend} and {third}. There were lights and balloons, and a big plate of {food}.',
        '"[We did not forget|We made it all for you]," said {friend}. {third} gave {hero} a {color} {toy}.',
      ],
      [
        "{@happy} {@thanks}",
        "[They ate {food} and danced until night.|It was the best birthday ever.|They all played with the {toy}.]",
      ],
    ],
  },
  // What fell down is built again, and better.
  {
    cast: { hero: "anyone", friend: "anyone", building: "building" },
    paragraphs: [
      [
        "{@opening} {@trait} {@day} {hero} [wanted to build|began to build] a {building}.",
        '"[It will be the best {building} ever|It will be as tall as I am]," {hero.they} said.',
      ],
      [
        "{hero} [worked|built] all [morning|day]. But when the {building} was done, {building.fall}.",
        '"[Oh no|Oh dear], all my work!" said {hero}. {@sad}',
        "[{hero} wanted to stop.|{hero} kicked a stone.|{hero} did not want to play anymore.]",
      ],
      [
        "{@soon} {friend} [came by|walked by]. {@ask} asked {friend}.",
        '"My {building} is gone," said {hero}. {friend} [thought for a moment|looked at it].',
        '"[I know why|I have an idea]," said {friend}. "{building.advice}."',
        "So they began again. {friend} [helped|brought what they needed], and they [sang|laughed] while they worked.",
      ],
      [
        "This time the {building} did not fall. It was [bigger|better|even prettier] than before!",
        "{@happy} {@thanks}",
        "[{hero} and {friend} looked at it until the sun went down.|" +
        '"Two can build better than one," said {friend}.|They were both very proud.]',
      ],
    ],
  },
];
