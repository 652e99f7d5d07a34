/** Longest name of a room, in bytes of UTF-8: SDKs and other servers of the protocol allow as much. */
export const MAX_CHANNEL_BYTES = 255;

const INBOX = 'user:';

/** Name of a user's inbox. */
export const inboxOf = (user: string) => INBOX + user;

/** True for the name of an inbox. */
export const isInbox = (room: string): boolean => room.startsWith(INBOX);

/** User whose inbox a room is. */
export const inboxUser = (inbox: string): string => inbox.slice(INBOX.length);

/** Longest user id, in bytes of UTF-8: the name of the inbox must not be too long. */
export const MAX_USER_BYTES = MAX_CHANNEL_BYTES - INBOX.length;

/** Rule for ids of users, as errors name it. */
export const USER_RULE = `must have 1 to ${MAX_USER_BYTES} bytes of printable characters, and not be \`*\``;

/** True for an id of a user. A single `*` is none: acts on a room name everybody by it. */
export const isUser = (value: unknown): value is string =>
  typeof value === 'string' &&
  value !== '' &&
  value !== '*' &&
  Buffer.byteLength(value) <= MAX_USER_BYTES &&
  value.isWellFormed() &&
  !/\p{Cc}/u.test(value);
