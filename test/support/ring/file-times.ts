/** A file that takes less than this is not worth a line of its own. */
const LINE_MS = 1_000;
const SLOWEST = 10;

/** Durations of test files, printed in seconds. A file that ran twice counts with both runs. */
export class FileTimes {
  readonly #before: Readonly<Record<string, number>>;
  readonly #rings = new Map<string, Map<string, number>>();

  /** @param before milliseconds by file, as {@link FileTimes.known} gave them in an earlier run */
  constructor(before: Readonly<Record<string, number>> = {}) {
    this.#before = before;
  }

  add(ring: string, file: string, ms: number): void {
    const times = this.#rings.get(ring) ?? new Map<string, number>();
    this.#rings.set(ring, times);
    times.set(file, (times.get(file) ?? 0) + ms);
  }

  /**
   * The files in an order in which several at a time end together: the one that took longest in earlier runs first, so that
   * none is left to run alone. Files that never ran come before them.
   */
  longestFirst(files: readonly string[]): string[] {
    const expected = (file: string) => this.#before[file] ?? Number.POSITIVE_INFINITY;
    return files.toSorted((a, b) => (expected(a) === expected(b) ? 0 : expected(b) - expected(a)));
  }

  /** Milliseconds by file, of this run and, for files it did not run, of earlier ones. */
  known(): Record<string, number> {
    return Object.fromEntries([
      ...Object.entries(this.#before),
      ...[...this.#rings.values()].flatMap(times => [...times]),
    ]);
  }

  /** Lines for the files of a ring, the slowest first. */
  ofRing(ring: string): string[] {
    const times = sorted(this.#rings.get(ring) ?? []);
    const long = times.filter(([, ms]) => ms >= LINE_MS);
    const short = times.length - long.length;
    return [...long.map(line), ...(short > 0 ? [`${seconds(LINE_MS)} at most: each of ${short} more`] : [])];
  }

  /** Lines for the slowest files of all rings. */
  slowest(): string[] {
    return sorted([...this.#rings.values()].flatMap(times => [...times]))
      .slice(0, SLOWEST)
      .map(line);
  }
}

function sorted(times: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...times].sort(([, a], [, b]) => b - a);
}

function line([file, ms]: readonly [string, number]): string {
  return `${seconds(ms)} ${file}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(7)} s`;
}
