/** How names are spelled on the command line, and which name was probably meant. */

/** `batchSize` as it is typed: `batch-size`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `textFile` as usage lines show it: `TEXT_FILE`. */
export function positionalName(key: string): string {
  return flagName(key).replaceAll("-", "_").toUpperCase();
}

/** The known name closest to what was typed, where one is close enough to be a slip. */
export function closest(typed: string, known: readonly string[]): string | undefined {
  const completion = known.find((name) => typed.length >= 3 && name.startsWith(typed));
  if (completion !== undefined) return completion;
  const ranked = known
    .map((name) => ({ name, distance: editDistance(typed, name) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  const allowed = Math.max(1, Math.floor(typed.length / 3));
  return best && best.distance <= allowed ? best.name : undefined;
}

/** Levenshtein distance: the fewest insertions, deletions and replacements of a letter. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
