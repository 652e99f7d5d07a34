import type { Clock } from './clock.ts';

/** The same line within this time is left out: a person who reads the log has it on the screen. */
const REPEAT_MS = 30_000;

/** Keeps what is tried again and again from filling the log: `tell` is called when a line is another one, and after {@link REPEAT_MS}. */
export function withoutRepeats(clock: Pick<Clock, 'now'>, tell: (line: string) => void): (line: string) => void {
  let last: string | undefined;
  let toldAt = 0;
  return line => {
    if (line === last && clock.now() - toldAt < REPEAT_MS) return;
    last = line;
    toldAt = clock.now();
    tell(line);
  };
}
