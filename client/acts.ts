import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { callErrorOf } from './call-error.ts';
import { RETRY } from './retry.ts';
import type { ParamsOf, VerbName } from './verbs.ts';

/** Verbs that act on a room. The server does each once, by its id. Messages go through the outbox instead. */
export type ActName = Exclude<
  { [V in VerbName]: ParamsOf<V> extends { readonly id: string } ? V : never }[VerbName],
  `message.${string}`
>;

/** Parameters of an act without its id, which the client makes. */
export type ActParams<V extends ActName> = Omit<ParamsOf<V>, 'id'>;

/** Milliseconds for which a call is tried again: longer than a gateway takes to be replaced, as long as a person waits. */
const MOST_MS = 30_000;

export interface Waiting {
  readonly clock: Clock;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
}

/**
 * Calls until there is an answer: after a temporary error again, for 30 s. The call must have the same effect however often it is
 * made. @throws {CallError} the last one
 */
export async function untilAnswered<T>({ clock, random }: Waiting, call: () => Promise<T>): Promise<T> {
  const end = clock.now() + MOST_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      const error = callErrorOf(thrown);
      const delay = backoffMs(RETRY, attempt, random());
      if (!error.temporary || clock.now() + delay > end) throw error;
      await new Promise<void>(resolve => void clock.after(delay, resolve));
    }
  }
}

/** Acts of a user after which the own list of rooms is another one. */
export const OWN_ROOMS: ReadonlySet<ActName> = new Set([
  'room.create',
  'room.join',
  'room.leave',
  'room.accept',
  'room.decline',
  'room.request',
  'room.delete',
]);
