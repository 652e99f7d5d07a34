import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import type { Config } from '../settings/config.ts';

/** Bytes of a subscribe with the longest name, each of its characters escaped, a position and a token. */
const SUBSCRIBE_BYTES = 1_024;
/** Bytes around the body of a message in its command. */
const AROUND_BODY_BYTES = 1_024;
/** Multiple of the largest frame that is read, so that it can be answered. The socket of a larger frame is cut. */
const READ_BEYOND = 2;

type Limits = Pick<Config, 'maxFrameBytes' | 'maxMessageBytes' | 'maxSubscriptions'>;

/** Bytes of the largest command: every allowed message fits. */
export const mostCommandBytes = ({ maxFrameBytes, maxMessageBytes }: Limits) =>
  Math.max(maxFrameBytes, maxMessageBytes + AROUND_BODY_BYTES);

/** Bytes of the largest frame: SDKs send `connect` and a subscribe for each room, or all that waited, in one. */
export const mostFrameBytes = (limits: Limits) => mostCommandBytes(limits) + limits.maxSubscriptions * SUBSCRIBE_BYTES;

/** Bytes of the largest frame that is read. */
export const mostReadBytes = (limits: Limits) => mostFrameBytes(limits) * READ_BEYOND;

export interface Judged {
  readonly bytes: number;
  /** Answer instead of serving it; temporary if it would be served in another frame. Null: it is served. */
  readonly refusal: { readonly error: ErrorCode; readonly detail: string } | null;
}

/**
 * Judges each command of a frame that is larger than a command may be. The connection is not ended for that alone: SDKs put
 * all that waited for it into one frame, and do not come back after 1009.
 * @param sizes of the commands, in bytes
 */
export function judge(limits: Limits, frameBytes: number, sizes: readonly number[]): Judged[] {
  const [mostCommand, mostFrame] = [mostCommandBytes(limits), mostFrameBytes(limits)];
  const tooLarge = { error: ERRORS.badRequest, detail: `a command must have at most ${mostCommand} bytes` };
  const tooMany = {
    error: ERRORS.tooManyRequests,
    detail: `the commands of a frame must have at most ${mostFrame} bytes`,
  };
  return sizes.map(bytes => ({
    bytes,
    refusal: bytes > mostCommand ? tooLarge : frameBytes > mostFrame ? tooMany : null,
  }));
}
