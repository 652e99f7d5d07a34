import type * as uws from 'uWebSockets.js';
import { type HttpAnswer, MAX_BODY_BYTES, type Route, type StreamedAnswer } from './answer.ts';
import { LimitedStream } from './answer-stream.ts';
import type { Backlog } from './websocket/backlog.ts';

const FAILED: HttpAnswer = { status: '500 Internal Server Error', headers: {}, body: '' };
const tooLarge = (most: number): HttpAnswer => ({
  status: '413 Payload Too Large',
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: `the body may have at most ${most} bytes`,
});

/**
 * Reads a request body, and keeps at most `most` bytes of it, whatever length is announced.
 * @param announced header Content-Length; empty without one
 * @param done called once: with the body, or with null as soon as it is known to be too large
 */
function readBody(
  res: uws.HttpResponse,
  announced: string,
  most: number,
  done: (body: Uint8Array | null) => void,
): void {
  if (Number(announced) > most) return done(null);
  let chunks: Buffer[] = [];
  let size = 0;
  res.onData((chunk, last) => {
    if (size > most) return;
    size += chunk.byteLength;
    if (size > most) {
      chunks = [];
      return done(null);
    }
    chunks.push(Buffer.from(Buffer.from(chunk)));
    if (last) done(Buffer.concat(chunks));
  });
}

/** One request, until it is answered or its client is gone. */
class Exchange {
  readonly #res: uws.HttpResponse;
  readonly #isHead: boolean;
  #over = false;
  #stream: LimitedStream | null = null;

  constructor(res: uws.HttpResponse, isHead: boolean) {
    this.#res = res;
    this.#isHead = isHead;
    res.onAborted(() => {
      this.#over = true;
      this.#stream?.gone();
    });
  }

  /** @param limit bytes that a streamed answer may hold for its reader */
  answer(answer: HttpAnswer | StreamedAnswer, limit: number, backlog: Backlog): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#isHead) this.#head(answer);
    else if ('stream' in answer) this.#begin(answer, limit, backlog);
    else
      this.#res.cork(() => {
        this.#writeHead(answer);
        this.#res.end(answer.body);
      });
  }

  /** Answers without the body. */
  #head(answer: HttpAnswer | StreamedAnswer): void {
    this.#res.cork(() => {
      this.#writeHead(answer);
      // With the length as its argument, `endWithoutBody` waits for the body for ever and never closes.
      if (!('stream' in answer)) this.#res.writeHeader('content-length', String(Buffer.byteLength(answer.body)));
      this.#res.endWithoutBody();
    });
  }

  #begin(answer: StreamedAnswer, limit: number, backlog: Backlog): void {
    const res = this.#res;
    const stream = new LimitedStream(res, limit, backlog);
    this.#stream = stream;
    res.onWritable(() => {
      stream.writable();
      return true;
    });
    res.cork(() => this.#writeHead(answer));
    try {
      stream.open(answer.stream(stream));
    } catch {
      stream.cut();
    }
  }

  #writeHead({ status, headers }: HttpAnswer | StreamedAnswer): void {
    this.#res.writeStatus(status);
    for (const [name, value] of Object.entries(headers)) this.#res.writeHeader(name, value);
  }
}

/**
 * Serves plain HTTP.
 * @param route finds the route of a path
 * @param limit bytes that a streamed answer may hold for its reader
 */
export function serveHttp(
  app: uws.TemplatedApp,
  route: (path: string) => Route,
  limit: number,
  backlog: Backlog,
): void {
  app.any('/*', (res, req) => {
    const asked = req.getMethod().toUpperCase();
    const isHead = asked === 'HEAD';
    const method = isHead ? 'GET' : asked;
    const path = req.getUrl();
    const exchange = new Exchange(res, isHead);
    const served = route(path);
    const most = served.maxBodyBytes ?? MAX_BODY_BYTES;
    const answer = async (body: Uint8Array | null) => {
      try {
        const answer = body ? await served.answer({ method, path, body }) : tooLarge(most);
        exchange.answer(answer, limit, backlog);
      } catch {
        exchange.answer(FAILED, limit, backlog);
      }
    };
    if (method === 'GET') void answer(new Uint8Array(0));
    else readBody(res, req.getHeader('content-length'), most, body => void answer(body));
  });
}
