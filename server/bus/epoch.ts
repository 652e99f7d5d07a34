import { randomBytes } from 'node:crypto';

/** Key of the epoch in a LOG stream's metadata. */
export const EPOCH_KEY = 'chat-epoch';

/** Stream or consumer information with metadata. */
export interface WithMetadata {
  readonly config: { readonly metadata?: Readonly<Record<string, string>> | undefined };
}

/** Epoch of a LOG stream; empty if no worker made the stream. Pure. */
export function epochOf(info: WithMetadata): string {
  return info.config.metadata?.[EPOCH_KEY] ?? '';
}

/** Makes a new epoch: 8 random characters of base64url. Short, because every position that a client keeps contains it. */
export function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}
