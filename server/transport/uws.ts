import './header-limit.ts'; // first: uWebSockets.js reads it when it is loaded
import * as uws from 'uWebSockets.js';
import type { Encoding } from '../protocol/codec.ts';
import type { Route } from './answer.ts';
import { serveHttp } from './serve-http.ts';
import { Topics } from './topics.ts';
import { Backlog, type Closing } from './websocket/backlog.ts';
import { LimitedSocket, type Socket, type SocketHandler } from './websocket/socket.ts';

/** Why a connection is not accepted, as an HTTP status line. */
export type Refusal = '403 Forbidden' | '429 Too Many Requests' | '503 Service Unavailable';

/** A request for a WebSocket. Valid until the return of what it is handed to. */
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
  /** Largest frame that is handed over. uWS drops the socket without a code for a larger one. */
  readonly mostReadBytes: number;
  readonly sendBufferBytes: number;
  /** Called with the bytes sent to all sockets that are not known to be read, whenever they become more; must not end any. */
  unreadGrown(bytes: number): void;
  /** Asked before each upgrade. */
  refuse(request: UpgradeRequest): Refusal | null;
  open(socket: Socket): SocketHandler;
  /** Finds what serves a path that is no WebSocket. */
  route(path: string): Route;
}

export interface Listener {
  readonly port: number;
  /** Sends one frame to all connections of a topic; encoded and copied once for all WebSockets. */
  readonly topics: Topics;
  /** Connections that are being closed, as their readers have not taken what waits. */
  readonly closing: ReadonlySet<Pick<Closing, 'pending' | 'cut'>>;
  /** Ends those at once. */
  endClosing(): void;
  /** Stops accepting; open sockets stay. */
  stopAccepting(): void;
}

/** The most uWS takes; longer than any interval between heartbeats. */
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

/** The client's first offer wins, as the protocol's own server does; no offer means JSON unless the query says otherwise. */
function negotiate(offer: string, query: string): { encoding: Encoding; echo: string } {
  for (const part of offer.split(',')) {
    const encoding = SUBPROTOCOLS.get(part.trim());
    if (encoding) return { encoding, echo: part.trim() };
  }
  const asked = new URLSearchParams(query);
  const protobuf = asked.get('cf_protocol') === 'protobuf' || asked.get('format') === 'protobuf';
  return { encoding: protobuf ? 'protobuf' : 'json', echo: '' };
}

/** A proxy may add a header of its own instead of going on with the client's: all of them, in their order. */
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

/** @throws {Error} when the port cannot be had */
export async function listen(options: ListenOptions): Promise<Listener> {
  const app = uws.App();
  const backlog = new Backlog(options.unreadGrown);
  const topics = new Topics((topic, frame, binary) => app.publish(topic, frame, binary));
  app.ws<Data>(options.path, {
    maxPayloadLength: options.mostReadBytes,
    maxBackpressure: options.sendBufferBytes,
    // Heartbeats are ours; this one only frees sockets whose peer never answers a close.
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
