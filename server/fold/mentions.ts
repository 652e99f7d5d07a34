/** Users whom a text mentions. */
export interface Mentions {
  /** Users by their ids, each once; absent for none. */
  readonly mentions?: readonly string[];
  /** Present if the text mentions everybody in the room. */
  readonly all?: true;
}

/** Users whom one text may mention. */
export const MOST_MENTIONS = 50;

/** Mentions alone of a value that has them, without empty fields. Pure. */
export const mentionsOf = ({ mentions = [], all }: Mentions): Mentions => ({
  ...(mentions.length > 0 ? { mentions } : {}),
  ...(all ? { all } : {}),
});

/** Reads the mentions of a body; what no gateway writes is left out. Pure. */
export function readMentions({ mentions, all }: Readonly<Record<string, unknown>>): Mentions {
  const users = Array.isArray(mentions) ? mentions.filter(user => typeof user === 'string') : [];
  return mentionsOf({ mentions: [...new Set(users)].slice(0, MOST_MENTIONS), ...(all === true ? { all } : {}) });
}

/** True if a text mentions somebody. Pure. */
export const hasMentions = ({ mentions = [], all }: Mentions): boolean => mentions.length > 0 || all === true;
