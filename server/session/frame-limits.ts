import { ERRORS, type ErrorCode } from '../protocol/codes.ts';
import type { Config } from '../settings/config.ts';

/** A subscribe with the longest name, each of its characters escaped, a position and a token. */
const SUBSCRIBE_BYTES = 1_024;
/** Text around the body of a message in its command. */
const AROUND_BODY_BYTES = 1_024;
/** Frames above the limit that are read, so that their senders can be told; from larger ones the socket is cut. */
const READ_BEYOND = 2;

type Limits = Pick<Config, 'maxFrameBytes' | 'maxMessageBytes' | 'maxSubscriptions'>;

/** The largest command: any message that is allowed fits. */
export const mostCommandBytes = ({ maxFrameBytes, maxMessageBytes }: Limits) =>
  Math.max(maxFrameBytes, maxMessageBytes + AROUND_BODY_BYTES);

/** The largest frame: SDKs send `connect` and a subscribe for each room in one, or what waited for the connection. */
export const mostFrameBytes = (limits: Limits) => mostCommandBytes(limits) + limits.maxSubscriptions * SUBSCRIBE_BYTES;

/** The largest frame that is read. */
export const mostReadBytes = (limits: Limits) => mostFrameBytes(limits) * READ_BEYOND;

export interface Judged {
  readonly bytes: number;
  /** Why it is not served. A temporary error: in another frame it would be. */
  readonly refusal: { readonly error: ErrorCode; readonly detail: string } | null;
}

/**
 * Judges each command of a frame that is larger than any command may be. That alone is no reason to end a connection: SDKs
 * put all that waited for it into one frame, and do not come back after 1009.
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
