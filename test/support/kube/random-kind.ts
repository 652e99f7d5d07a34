import type { RoomKind } from '../../../operator/api/chat-cluster.ts';
import { KIND_NUMBERS, KIND_WORDS } from '../../../server/contract/room-kind-fields.ts';
import { integer } from '../../../tools/support/random.ts';

/** A kind with some of its fields, each within its bounds; they need not fit each other. */
export function randomKind(name: string, random: () => number): RoomKind {
  const some = <T>(value: () => T) => (random() < 0.4 ? value() : undefined);
  const fields = [
    ...Object.entries(KIND_WORDS).map(([field, words]) => [field, some(() => words[integer(random, words.length)])]),
    ['maxMembers', some(() => integer(random, 4))],
    ...Object.entries(KIND_NUMBERS).map(([field, bounds]) => [
      field,
      some(() => Object.fromEntries(Object.entries(bounds).map(([name, [, most]]) => [name, most]))),
    ]),
  ].filter(([, value]) => value !== undefined);
  return { name, ...Object.fromEntries(fields) } as RoomKind;
}
