/**
 * What many of the built-in stories say in the same ways, as templates (see `expander.ts` for how
 * they are read).
 *
 * @module
 */

/** Templates that many plots share. `hero` and `friend` are whoever a plot casts for them. */
export const STORY_PHRASES: Readonly<Record<string, string>> = {
  opening: "[[Once upon a time,|Long ago,|Once,] there was|There once was] a " +
    "[little|small|kind|happy|brave|clever|curious|funny] {hero.kind} [named|called] {hero}.",
  trait:
    "[|{hero} [loved|liked] to [sing|run and jump|play outside|tell jokes|look at the clouds|" +
    "help other people|ask questions|laugh|dance|read about far places].]",
  day: "One [sunny|warm|bright|quiet|fine|cool] [day|morning|afternoon],",
  detail:
    "[||The sun was warm.|A bird sang in a tree.|The sky was blue.|A soft wind was blowing.|" +
    "Bees flew from flower to flower.|It smelled of [flowers|fresh grass].|White clouds went by.]",
  soon: "[Just then|Then|Soon|After a while|A little later]",
  sad: "[{hero} felt [sad|very sad|so sad].|{hero} [began|started] to cry.|" +
    "{hero} sat down and cried.|A tear ran down {hero.their} face.]",
  ask: '"[Why are you sad|What is wrong|What is the matter|Why do you cry]?"',
  comfort: '"[Do not worry|Do not be sad|Do not cry|It is all right],"',
  thanks: '"[Thank you|Thank you so much|Thank you very much]!" said {hero}. ' +
    '["You are [a good friend|so kind|the best]."|]',
  happy: "[{hero} was [happy|so happy|very happy] [again|now].|" +
    "{hero} [smiled|laughed] and [clapped|danced|jumped up and down].|" +
    "{hero} had a big smile on {hero.their} face.]",
  night: "[That night|In the evening|When it was time for bed], {hero}",
};
