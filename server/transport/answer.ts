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

/** Answer whose body is complete. */
export interface HttpAnswer extends AnswerHead {
  readonly body: string | Uint8Array;
}

/** Answer whose body is written piece by piece. */
export interface StreamedAnswer extends AnswerHead {
  /**
   * Called once the answer has begun; not for HEAD, nor when the client has gone before. The head is sent with the first piece:
   * write one at once where the client waits for the head.
   * @param stream takes the body, from now on
   * @returns what is called when something happens to the stream
   */
  stream(stream: AnswerStream): StreamHandler;
}

/** Handler of one or more paths. */
export interface Route {
  /**
   * Largest request body, in bytes. A larger one is answered with 413, which names the limit; no more than the limit is kept in
   * memory. Default: {@link MAX_BODY_BYTES}.
   */
  readonly maxBodyBytes?: number;
  /** Answers a request. If it throws or rejects, the listener answers 500. */
  answer(request: HttpRequest): Promise<HttpAnswer | StreamedAnswer> | HttpAnswer | StreamedAnswer;
}

/** Largest request body of a route that names no limit, in bytes. */
export const MAX_BODY_BYTES = 16_384;
