import { callErrorOf } from '../../../client/call-error.ts';
import type { Chat } from '../../../client/chat.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';

/** Parts of the page that views about people need. */
export interface PeopleContext {
  readonly texts: Texts;
  readonly chat: Chat;
  /** Opens and shows a room. */
  readonly open: (room: string) => void;
}

/** Act of the user on another one. */
export type PersonAct = 'write' | 'add' | 'accept' | 'decline' | 'takeBack' | 'remove' | 'block' | 'unblock';

/** Reasons by code, in the words of somebody who acts on a person. */
const REASONS: Readonly<Record<number, StringKey>> = {
  103: 'person.denied',
  111: 'person.often',
  404: 'person.noRequest',
  409: 'person.youBlock',
};

/** Name of a user as people know it, else the id. */
export const nameOf = ({ profiles }: Pick<Chat, 'profiles'>, user: string): string => profiles.of(user)?.name || user;

/** Sentence about an act on a user that failed. @param name of the user, for people */
export function personProblem(texts: Texts, name: string, thrown: unknown): string {
  const key = REASONS[callErrorOf(thrown).code];
  return key ? texts.text(key, { user: name }) : actProblem(texts, thrown);
}

/** Acts that the user may do on another one, the most likely first. */
export function actsOn({ people }: Pick<Chat, 'people'>, user: string): readonly PersonAct[] {
  if (people.blocks(user)) return ['unblock'];
  switch (people.friendshipWith(user)) {
    case 'friend':
      return ['write', 'remove', 'block'];
    case 'in':
      return ['accept', 'decline', 'write', 'block'];
    case 'out':
      return ['takeBack', 'write', 'block'];
    case 'none':
      return ['add', 'write', 'block'];
  }
}

/** Does an act on a user. @returns what to tell about it; null for what the page shows anyway @throws {CallError} */
export async function actOn({ chat, open }: PeopleContext, act: PersonAct, user: string): Promise<StringKey | null> {
  const { people } = chat;
  switch (act) {
    case 'write':
      open((await chat.openDm(user)).name);
      return null;
    case 'add':
      return (await people.request(user)) === 'friend' ? 'person.befriended' : 'person.asked';
    case 'accept':
      await people.accept(user);
      return 'person.befriended';
    case 'decline':
      await people.decline(user);
      return null;
    case 'takeBack':
    case 'remove':
      await people.remove(user);
      return null;
    case 'block':
      await people.block(user);
      return null;
    case 'unblock':
      await people.unblock(user);
      return null;
  }
}
