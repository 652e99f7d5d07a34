import { createHash } from 'node:crypto';

/**
 * Deduplication key of the control entry that makes version `cv` of a room. All who race for a version use the same key, so LOG
 * stores the first alone, and the others learn its offset from their acknowledgement.
 */
export const controlKey = (room: string, cv: number): string =>
  createHash('sha256')
    .update(JSON.stringify([room, 'ctl', cv]))
    .digest('base64url');
