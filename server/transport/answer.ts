import type { AnswerStream, StreamHandler } from './answer-stream.ts';

export interface HttpRequest {
  /** In capitals. HEAD comes as GET: its answer is sent without the body. */
  readonly method: string;
  readonly path: string;
  /** At most {@link Route.maxBodyBytes}; empty for GET. */
  readonly body: Uint8Array;
}

interface AnswerHead {
  /** Status line, such as `200 OK`. */
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer that is known as a whole. */
export interface HttpAnswer extends AnswerHead {
  readonly body: string | Uint8Array;
}

/** An answer whose body is written piece by piece, for as long as it takes. */
export interface StreamedAnswer extends AnswerHead {
  /**
   * Called once the answer has begun; not for HEAD, nor when the client is gone by then. The head is sent with the first piece:
   * write one at once where the client waits for the head.
   * @param stream takes the body, from now on
   * @returns what is called when something happens to the stream
   */
  stream(stream: AnswerStream): StreamHandler;
}

/** A path, as the listener serves it. */
export interface Route {
  /**
   * Largest request body, in bytes; a larger one is answered with 413, which names the limit, and is not kept. Default:
   * {@link MAX_BODY_BYTES}.
   */
  readonly maxBodyBytes?: number;
  /** Answers a request. A failure is answered with 500. */
  answer(request: HttpRequest): Promise<HttpAnswer | StreamedAnswer> | HttpAnswer | StreamedAnswer;
}

/** Largest request body where a route asks for no other limit. */
export const MAX_BODY_BYTES = 16_384;
