import * as uws from 'uWebSockets.js';
import type { Encoding, Frame } from '../protocol/codec.ts';
import type { CloseCode } from '../protocol/codes.ts';

/** One WebSocket. After its close every call does nothing. */
export interface Socket {
  readonly encoding: Encoding;
  send(frame: Frame): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Closes with a code once what waits has been sent; a reader that stays silent is cut some 16 s later. */
  end(close: CloseCode): void;
  /** Bytes waiting for the reader. */
  buffered(): number;
}

/** What a connection does with its socket's events. */
export interface SocketHandler {
  /** `frame` is only valid until the return. */
  message(frame: Uint8Array, binary: boolean): void;
  /** Some of what waited has been written. */
  drained(): void;
  /** The socket is gone. Called once. */
  closed(): void;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** At most {@link MAX_BODY_BYTES}; empty for GET. */
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Why a connection is not accepted, as an HTTP status line. */
export type Refusal = '403 Forbidden' | '503 Service Unavailable';

export interface ListenOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** Larger frames are handed over too, up to {@link READ_BEYOND} times this, so that their senders can be told. */
  readonly maxFrameBytes: number;
  readonly sendBufferBytes: number;
  /** Asked before each upgrade. */
  refuse(origin: string): Refusal | null;
  open(socket: Socket): SocketHandler;
  /** A message was not queued because the reader is too slow: the socket must be ended, or the reader misses it. */
  overflow(socket: Socket): void;
  http(request: HttpRequest): Promise<HttpAnswer> | HttpAnswer;
}

export interface Listener {
  readonly port: number;
  /** Sends one frame to all sockets of a topic, encoded and copied once. */
  publish(topic: string, frame: Frame, binary: boolean): void;
  /** Stops accepting; open sockets stay. */
  stopAccepting(): void;
}

/** uWS drops the socket without a code for frames above its limit, and SDKs then connect and send the same again, for ever. */
const READ_BEYOND = 4;
/** Largest HTTP request body; a larger one is answered with 413. */
export const MAX_BODY_BYTES = 16_384;
/** The most uWS takes; longer than any interval between heartbeats. */
const IDLE_SECONDS = 960;
const SUBPROTOCOLS: Readonly<Record<string, Encoding>> = {
  'centrifuge-json': 'json',
  'centrifuge-protobuf': 'protobuf',
};

interface Data {
  encoding: Encoding;
  socket: UwsSocket | null;
  handler: SocketHandler | null;
}
type Raw = uws.WebSocket<Data>;

class UwsSocket implements Socket {
  readonly encoding: Encoding;
  #raw: Raw | null;
  constructor(raw: Raw, encoding: Encoding) {
    this.#raw = raw;
    this.encoding = encoding;
  }
  send(frame: Frame): void {
    this.#raw?.send(frame, this.encoding === 'protobuf');
  }
  subscribe(topic: string): void {
    this.#raw?.subscribe(topic);
  }
  unsubscribe(topic: string): void {
    this.#raw?.unsubscribe(topic);
  }
  end(close: CloseCode): void {
    const raw = this.#raw;
    if (!raw) return;
    this.#raw = null; // uWS calls `close` at once, and the raw socket must not be touched after it
    raw.end(close.code, close.reason);
  }
  buffered(): number {
    return this.#raw?.getBufferedAmount() ?? 0;
  }
  forget(): void {
    this.#raw = null;
  }
}

/** The client's first offer wins, as the protocol's own server does; no offer means JSON unless the query says otherwise. */
function negotiate(offer: string, query: string): { encoding: Encoding; echo: string } {
  for (const part of offer.split(',')) {
    const encoding = SUBPROTOCOLS[part.trim()];
    if (encoding) return { encoding, echo: part.trim() };
  }
  const asked = new URLSearchParams(query);
  const protobuf = asked.get('cf_protocol') === 'protobuf' || asked.get('format') === 'protobuf';
  return { encoding: protobuf ? 'protobuf' : 'json', echo: '' };
}

function readBody(res: uws.HttpResponse, done: (body: Uint8Array | null) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  res.onData((chunk, last) => {
    if (size > MAX_BODY_BYTES) return;
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return done(null);
    chunks.push(Buffer.from(Buffer.from(chunk)));
    if (last) done(Buffer.concat(chunks));
  });
}

function serveHttp(app: uws.TemplatedApp, http: ListenOptions['http']): void {
  app.any('/*', (res, req) => {
    let aborted = false;
    res.onAborted(() => {
      aborted = true;
    });
    const write = (answer: HttpAnswer) => {
      if (aborted) return;
      aborted = true;
      res.cork(() => {
        res.writeStatus(answer.status);
        for (const [name, value] of Object.entries(answer.headers)) res.writeHeader(name, value);
        res.end(answer.body);
      });
    };
    const method = req.getMethod().toUpperCase();
    const path = req.getUrl();
    const answer = async (body: Uint8Array | null) => {
      if (!body) return write({ status: '413 Payload Too Large', headers: {}, body: '' });
      try {
        write(await http({ method, path, body }));
      } catch {
        write({ status: '500 Internal Server Error', headers: {}, body: '' });
      }
    };
    if (method === 'GET' || method === 'HEAD') void answer(new Uint8Array(0));
    else readBody(res, body => void answer(body));
  });
}

/** @throws {Error} when the port cannot be had */
export async function listen(options: ListenOptions): Promise<Listener> {
  const app = uws.App();
  app.ws<Data>(options.path, {
    maxPayloadLength: options.maxFrameBytes * READ_BEYOND,
    maxBackpressure: options.sendBufferBytes,
    // Heartbeats are ours; this one only frees sockets whose peer never answers a close.
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: false,
    upgrade: (res, req, context) => {
      const refusal = options.refuse(req.getHeader('origin'));
      if (refusal) {
        res.writeStatus(refusal).writeHeader('retry-after', '1').end('', true);
        return;
      }
      const { encoding, echo } = negotiate(req.getHeader('sec-websocket-protocol'), req.getQuery());
      res.upgrade<Data>(
        { encoding, socket: null, handler: null },
        req.getHeader('sec-websocket-key'),
        echo,
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: raw => {
      const data = raw.getUserData();
      data.socket = new UwsSocket(raw, data.encoding);
      data.handler = options.open(data.socket);
    },
    message: (raw, frame, binary) => raw.getUserData().handler?.message(new Uint8Array(frame), binary),
    drain: raw => raw.getUserData().handler?.drained(),
    dropped: raw => {
      const { socket } = raw.getUserData();
      if (socket) options.overflow(socket);
    },
    close: raw => {
      const data = raw.getUserData();
      data.socket?.forget();
      data.handler?.closed();
      data.socket = null;
      data.handler = null;
    },
  });
  serveHttp(app, options.http);
  const token = await new Promise<uws.us_listen_socket | false>(resolve =>
    app.listen(options.host, options.port, resolve),
  );
  if (!token) throw new Error(`cannot listen on ${options.host}:${options.port}`);
  let listening = true;
  return {
    port: uws.us_socket_local_port(token),
    publish: (topic, frame, binary) => {
      app.publish(topic, frame, binary);
    },
    stopAccepting: () => {
      if (!listening) return;
      listening = false;
      uws.us_listen_socket_close(token);
    },
  };
}
