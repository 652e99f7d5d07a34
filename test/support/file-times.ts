/** A file that takes less than this is not worth a line of its own. */
const LINE_MS = 1_000;
const SLOWEST = 10;

/** How long test files took, printed as seconds. A file that ran twice counts with both runs. */
export class FileTimes {
  readonly #rings = new Map<string, Map<string, number>>();

  add(ring: string, file: string, ms: number): void {
    const times = this.#rings.get(ring) ?? new Map<string, number>();
    this.#rings.set(ring, times);
    times.set(file, (times.get(file) ?? 0) + ms);
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
