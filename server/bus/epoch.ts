import { randomBytes } from 'node:crypto';

/** Key in a LOG stream's metadata that names its incarnation. */
export const EPOCH_KEY = 'chat-epoch';

/** The parts of a stream's information that name its incarnation. */
export interface WithMetadata {
  readonly config: { readonly metadata?: Readonly<Record<string, string>> | undefined };
}

/** The incarnation of a LOG stream; empty for a stream that no worker made. Pure. */
export function epochOf(info: WithMetadata): string {
  return info.config.metadata?.[EPOCH_KEY] ?? '';
}

/** A new incarnation: 8 random characters of base64url, because every position a client keeps carries it. */
export function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}
