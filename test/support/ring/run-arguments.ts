import { sep } from 'node:path';
import { parseArgs } from 'node:util';
import { DEPTHS, type Depth, FULL_FOLDER } from '../depth.ts';

/** Arguments of a run of the tests. */
export interface Wanted {
  readonly depth: Depth;
  /** Paths of test files, by ring, in the order in which the rings run. */
  readonly rings: ReadonlyMap<string, readonly string[]>;
  /** Paths of files of these rings that run only at depth full. */
  readonly leftOut: readonly string[];
}

/**
 * @param args after the name of the program
 * @param files paths of all test files, by ring
 * @throws with a line that says what is wrong with them
 */
export function wantedOf(args: readonly string[], files: ReadonlyMap<string, readonly string[]>): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { depth: { type: 'string', default: 'ci' } },
    allowPositionals: true,
  });
  const depth = DEPTHS.find(each => each === values.depth);
  if (depth === undefined) throw new Error(`--depth is ${DEPTHS.join(' or ')}, not ${values.depth}`);
  const named = positionals.filter(each => files.has(each));
  const patterns = positionals.filter(each => !files.has(each)).map(each => each.replace(/^\.\//, ''));
  if (positionals.length === 0) throw new Error('name a ring or a file');
  const all = new Map(named.length > 0 ? named.map(ring => [ring, files.get(ring) ?? []]) : files);
  const useless = patterns.find(pattern => ![...all.values()].flat().some(file => file.includes(pattern)));
  if (useless !== undefined) throw new Error(`${useless} is no ring, and part of no path of a test file asked for`);

  const rings = new Map<string, readonly string[]>();
  const leftOut: string[] = [];
  for (const [ring, paths] of all) {
    const asked = paths.filter(path => patterns.length === 0 || patterns.some(pattern => path.includes(pattern)));
    const runs = asked.filter(path => depth === 'full' || !isFull(path));
    leftOut.push(...asked.filter(path => !runs.includes(path)));
    if (runs.length > 0) rings.set(ring, runs);
  }
  if (rings.size === 0) throw new Error(`${leftOut.join(', ')}: runs only with --depth full`);
  return { depth, rings, leftOut };
}

function isFull(path: string): boolean {
  return path.split(sep).includes(FULL_FOLDER);
}
