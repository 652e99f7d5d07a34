import './header-limit.ts'; // first: uWebSockets.js reads it when it is loaded
import * as uws from 'uWebSockets.js';
import type { Encoding } from '../protocol/codec.ts';
import type { Route } from './answer.ts';
import { serveHttp } from './serve-http.ts';
import { Topics } from './topics.ts';
import { Backlog, type Closing } from './websocket/backlog.ts';
import { LimitedSocket, type Socket, type SocketHandler } from './websocket/socket.ts';

/** Status line of the answer to a WebSocket request that is refused. */
export type Refusal = '403 Forbidden' | '429 Too Many Requests' | '503 Service Unavailable';

/** A request for a WebSocket. Valid until the function that gets it returns. */
export interface UpgradeRequest {
  /** The header Origin; empty without one. */
  readonly origin: string;
  /** Address of the other end of the TCP connection: 4 or 16 bytes. */
  readonly peer: Uint8Array;
  /** All values of the header X-Forwarded-For, comma separated. */
  readonly forwardedFor: () => string;
}

export interface ListenOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Addresses to try in turn, until one can be listened on. Default: {@link EVERY_ADDRESS}. */
  readonly hosts?: readonly string[];
  readonly path: string;
  /** Largest frame of a client, in bytes. uWS closes the socket of a larger one without a code. */
  readonly mostReadBytes: number;
  /** Bytes that may wait for a reader; a frame or piece that finds more waiting is dropped, and its connection ends. */
  readonly sendBufferBytes: number;
  /** Called with the unread bytes of all sockets whenever these grow. Must not end a socket. */
  unreadGrown(bytes: number): void;
  /** Called before each upgrade. @returns null to accept */
  refuse(request: UpgradeRequest): Refusal | null;
  /** Called for each accepted WebSocket. @returns what is called when something happens to it */
  open(socket: Socket): SocketHandler;
  /** Finds the route of a path of plain HTTP. Called once a request. */
  route(path: string): Route;
}

export interface Listener {
  readonly port: number;
  /** Topics of all its connections. A frame is copied once for all WebSockets. */
  readonly topics: Topics;
  /** Connections that are being closed: their end waits until the reader has taken the rest. */
  readonly closing: ReadonlySet<Pick<Closing, 'pending' | 'cut'>>;
  /** Ends the connections in {@link closing} at once. */
  endClosing(): void;
  /** Stops accepting; open sockets stay. */
  stopAccepting(): void;
}

/** Largest value that uWS accepts; longer than any interval between heartbeats. */
const IDLE_SECONDS = 960;
/** Both families, or IPv4 alone where the machine has no IPv6. */
const EVERY_ADDRESS = ['::', '0.0.0.0'];
const SUBPROTOCOLS: ReadonlyMap<string, Encoding> = new Map([
  ['centrifuge-json', 'json'],
  ['centrifuge-protobuf', 'protobuf'],
]);

interface Data {
  encoding: Encoding;
  socket: LimitedSocket | null;
}

/** Chooses the encoding: the client's first known offer, as in the protocol's own server; else the query's, else JSON. */
function negotiate(offer: string, query: string): { encoding: Encoding; echo: string } {
  for (const part of offer.split(',')) {
    const encoding = SUBPROTOCOLS.get(part.trim());
    if (encoding) return { encoding, echo: part.trim() };
  }
  const asked = new URLSearchParams(query);
  const protobuf = asked.get('cf_protocol') === 'protobuf' || asked.get('format') === 'protobuf';
  return { encoding: protobuf ? 'protobuf' : 'json', echo: '' };
}

/** Joins all values of a header, in their order: a proxy may add a second header instead of extending the client's. */
function valuesOf(req: uws.HttpRequest, header: string): string {
  const values: string[] = [];
  req.forEach((name, value) => {
    if (name === header) values.push(value);
  });
  return values.join(',');
}

async function listenOn(app: uws.TemplatedApp, hosts: readonly string[], port: number): Promise<uws.us_listen_socket> {
  for (const host of hosts) {
    const token = await new Promise<uws.us_listen_socket | false>(resolve => app.listen(host, port, resolve));
    if (token) return token;
  }
  throw new Error(`cannot listen on port ${port} of ${hosts.join(' or ')}: is it in use?`);
}

/**
 * Starts a listener.
 * @throws {Error} when the port cannot be had
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const app = uws.App();
  const backlog = new Backlog(options.unreadGrown);
  const topics = new Topics((topic, frame, binary) => app.publish(topic, frame, binary));
  app.ws<Data>(options.path, {
    maxPayloadLength: options.mostReadBytes,
    maxBackpressure: options.sendBufferBytes,
    // The gateway sends heartbeats itself; this timeout only frees sockets whose peer never answers a close.
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: false,
    upgrade: (res, req, context) => {
      const refusal = options.refuse({
        origin: req.getHeader('origin'),
        peer: new Uint8Array(res.getRemoteAddress()),
        forwardedFor: () => valuesOf(req, 'x-forwarded-for'),
      });
      if (refusal) {
        res.writeStatus(refusal).writeHeader('retry-after', '1').end('', true);
        return;
      }
      const { encoding, echo } = negotiate(req.getHeader('sec-websocket-protocol'), req.getQuery());
      res.upgrade<Data>(
        { encoding, socket: null },
        req.getHeader('sec-websocket-key'),
        echo,
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: raw => {
      const data = raw.getUserData();
      data.socket = new LimitedSocket(raw, data.encoding, options.sendBufferBytes, backlog);
      data.socket.handler = options.open(data.socket);
    },
    message: (raw, frame, binary) => raw.getUserData().socket?.handler?.message(new Uint8Array(frame), binary),
    drain: raw => raw.getUserData().socket?.flushed(),
    pong: (raw, payload) => raw.getUserData().socket?.ponged(new Uint8Array(payload)),
    dropped: raw => {
      const { socket } = raw.getUserData();
      if (!socket) return;
      socket.markOverflow();
      topics.overflow(socket);
    },
    close: raw => {
      const data = raw.getUserData();
      data.socket?.gone();
      data.socket = null;
    },
  });
  serveHttp(app, options.route, options.sendBufferBytes, backlog);
  const token = await listenOn(app, options.hosts ?? EVERY_ADDRESS, options.port);
  let listening = true;
  return {
    port: uws.us_socket_local_port(token),
    topics,
    closing: backlog.closing,
    endClosing: () => backlog.endClosing(),
    stopAccepting: () => {
      if (!listening) return;
      listening = false;
      uws.us_listen_socket_close(token);
    },
  };
}
