/** Start of every simulation, in milliseconds since 1970. */
export const START = Date.UTC(2026, 0, 1);

/** Simulated time: what is due runs in order of its time, then of its planning. Nothing waits for real time. */
export class Timeline {
  #now = START;
  #planned = 0;
  /** A binary heap, the next task first. */
  readonly #tasks: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  /** Seconds since the beginning, as one may want to read them. */
  get seconds(): string {
    return ((this.#now - START) / 1000).toFixed(2);
  }

  after(ms: number, run: () => void): void {
    const tasks = this.#tasks;
    let at = tasks.push({ at: this.#now + Math.max(0, ms), order: this.#planned++, run }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) break;
      at = parent;
    }
  }

  /** Lets time pass until `end`, or until `done` says so after a task. */
  runUntil(end: number, done: () => boolean = () => false): void {
    for (;;) {
      const next = this.#tasks[0];
      if (!next || next.at > end) break;
      this.#removeFirst();
      this.#now = next.at;
      next.run();
      if (done()) return;
    }
    this.#now = Math.max(this.#now, end);
  }

  #removeFirst(): void {
    const tasks = this.#tasks;
    const last = tasks.pop();
    if (last === undefined || tasks.length === 0) return;
    tasks[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#earlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #earlier(one: number, other: number): boolean {
    const a = this.#tasks[one];
    const b = this.#tasks[other];
    return a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const tasks = this.#tasks;
    const [a, b] = [tasks[child], tasks[parent]];
    if (a === undefined || b === undefined || !this.#earlier(child, parent)) return false;
    tasks[child] = b;
    tasks[parent] = a;
    return true;
  }
}
