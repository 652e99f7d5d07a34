/** A channel name in bytes of UTF-8: what SDKs and other servers of the protocol allow. */
export const MAX_CHANNEL_BYTES = 255;

const INBOX = 'user:';

/** Every user's own channel. */
export const inboxOf = (user: string) => INBOX + user;

/** A user id in bytes of UTF-8: whoever may connect has an inbox whose name is not too long. */
export const MAX_USER_BYTES = MAX_CHANNEL_BYTES - INBOX.length;
