import { type Mentions, mentionsOf } from '../../../server/fold/mentions.ts';

/** Stretch of a text; `mention` if it names somebody whom the text mentions. */
export interface Words {
  readonly text: string;
  readonly mention: boolean;
}

/** Word that stands for everybody. */
export const EVERYBODY = 'all';

/** Part of a text that a chosen user replaces. */
export interface MentionQuery {
  /** Place of the `@`. */
  readonly start: number;
  /** Text behind it, up to the caret. */
  readonly letters: string;
}

/** Letters behind the `@` that are looked for. */
const MOST_LETTERS = 64;
const WORD = /[\p{L}\p{N}_]/u;
const QUERY = new RegExp(`(?<![\\p{L}\\p{N}_])@([^\\s@]{1,${MOST_LETTERS}})$`, 'u');

/** The `@` and letters that end at the caret; null for none. Pure. */
export function queryAt(text: string, caret: number): MentionQuery | null {
  const letters = QUERY.exec(text.slice(0, caret))?.[1];
  return letters === undefined ? null : { start: caret - letters.length - 1, letters };
}

/** Cuts a text into mentions and what is between them. Joined, the words are `text` again. Pure. */
export function mentionWords(text: string, { mentions = [], all }: Mentions): Words[] {
  // The longer id first: one may begin with another.
  const ids = [...mentions, ...(all ? [EVERYBODY] : [])].sort((a, b) => b.length - a.length);
  const words: Words[] = [];
  let end = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (at < end || isWord(text, at - 1)) continue;
    const id = ids.find(each => text.startsWith(each, at + 1) && !isWord(text, at + 1 + each.length));
    if (id === undefined) continue;
    if (at > end) words.push({ text: text.slice(end, at), mention: false });
    end = at + 1 + id.length;
    words.push({ text: text.slice(at, end), mention: true });
  }
  if (end < text.length || words.length === 0) words.push({ text: text.slice(end), mention: false });
  return words;
}

/** Picks the mentions that a text names. Pure. */
export function mentionsIn(text: string, { mentions = [], all }: Mentions): Mentions {
  const named = new Set(mentionWords(text, { mentions, ...(all ? { all } : {}) }).map(word => word.text));
  return mentionsOf({
    mentions: mentions.filter(id => named.has(`@${id}`)),
    ...(all && named.has(`@${EVERYBODY}`) ? { all } : {}),
  });
}

/** Mentions of an edited text: without those that the text before named and the new one does not. Pure. */
export function mentionsAfter(before: string, after: string, said: Mentions): Mentions {
  const [old, now] = [mentionsIn(before, said), mentionsIn(after, said)];
  const isGone = (id: string) => old.mentions?.includes(id) === true && now.mentions?.includes(id) !== true;
  const mentions = (said.mentions ?? []).filter(id => !isGone(id));
  return mentionsOf({ mentions, ...(said.all && (now.all || !old.all) ? { all: true } : {}) });
}

/** True if the message of another one mentions everybody, or any message this user. Pure. */
export const mentionsUser = ({ mentions = [], all }: Mentions, user: string, own: boolean): boolean =>
  mentions.includes(user) || (all === true && !own);

const isWord = (text: string, at: number): boolean => WORD.test(text.charAt(at));
