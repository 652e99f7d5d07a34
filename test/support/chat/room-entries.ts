import type { Entry } from '../../../server/fold/entry.ts';
import type { Mentions } from '../../../server/fold/mentions.ts';
import { integer, pick } from '../../../tools/support/random.ts';
import type { Random } from '../fuzz/fuzz.ts';

const USERS = ['ann', 'bob', 'eve'];
const EMOJIS = ['👍', '🎉', 'constructor'];

/** Mentions of a text: often none. */
function mentionsIn(random: Random): Mentions {
  const mentions = USERS.filter(() => random() < 0.3);
  return { ...(mentions.length > 0 ? { mentions } : {}), ...(random() < 0.2 ? { all: true } : {}) };
}

/** Author and time of a message, as the gateway writes them into a delete; nothing for one that is not there. */
function found(log: readonly Entry[], target: number, of: string): { user: string; time: number } | undefined {
  const message = log.find(entry => entry.type === 'message' && entry.offset === target && entry.id === of);
  return message?.type === 'message' ? { user: message.user, time: message.time } : undefined;
}

/**
 * A log of a few messages, and of entries about them, about each other and about nothing.
 * @param length number of entries
 */
export function anyLog(random: Random, length = 14): Entry[] {
  const log: Entry[] = [];
  const offsets: number[] = [];
  for (let offset = 1 + integer(random, 5); log.length < length; offset += 1 + integer(random, 3)) {
    const known = pick(random, [1, ...offsets]);
    const of = random() < 0.9 ? `m${known}` : 'another';
    const target = { target: known, of };
    const rev = pick(random, [0, 0, known, offset - 1, ...offsets]);
    log.push(
      pick<() => Entry>(random, [
        () => ({
          type: 'message',
          offset,
          id: `m${offset}`,
          user: pick(random, USERS),
          time: 7 * offset,
          text: `text ${offset}`,
          ...mentionsIn(random),
        }),
        () => ({
          type: 'edit',
          offset,
          ...target,
          text: `edit ${offset}`,
          ...mentionsIn(random),
          ...(rev === 0 ? {} : { rev }),
        }),
        () => ({
          type: 'reaction',
          offset,
          ...target,
          user: pick(random, USERS),
          emoji: pick(random, EMOJIS),
          on: random() < 0.6,
        }),
        () => ({ type: 'delete', offset, targets: random() < 0.3 ? [{ ...target, ...found(log, known, of) }] : [] }),
      ])(),
    );
    offsets.push(offset);
  }
  return log;
}
