import { handle } from '../commands/registry.ts';
import { CLIENT_PATHS } from '../contract/ports.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { SessionContext } from '../session/context.ts';
import { mostReadBytes } from '../session/frame-limits.ts';
import { Session } from '../session/session.ts';
import type { SessionHooks } from '../session/session-hooks.ts';
import { admission } from '../traffic/admission.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { Route } from '../transport/answer.ts';
import { clientRoutes } from '../transport/http/client-routes.ts';
import { type Listener, listen } from '../transport/uws.ts';
import type { Connections } from './connections.ts';
import type { Part, Routes } from './part.ts';
import type { Telemetry } from './telemetry.ts';

export interface ClientPortOptions {
  readonly context: SessionContext;
  readonly connections: Connections;
  readonly telemetry: Telemetry;
  readonly traffic: Traffic;
  readonly mostConnections: () => number;
  /** Routes of the other parts; what they do not answer is the page's. */
  readonly routes: Routes;
  /** Address to listen on. Default: every address of the machine, IPv6 and IPv4. */
  readonly host: string | undefined;
}

export interface ClientPort extends Part {
  readonly listener: Listener;
}

/**
 * Port for clients: takes their connections and makes a session of each.
 * @throws {Error} when the port cannot be had
 */
export async function clientPort(options: ClientPortOptions): Promise<ClientPort> {
  const { context, connections, telemetry, traffic, mostConnections, routes, host } = options;
  const { config, now } = context;
  const { hub, sends, shared } = connections;
  const { meter, metrics } = telemetry;
  const hooks: SessionHooks<Session> = {
    handle,
    pong: session => hub.pong(session),
    closed: session => {
      hub.remove(session);
      shared.unsigned.remove(session);
    },
    ended: close => {
      metrics.closes.inc({ code: String(close.code) });
      if (close === CLOSES.slow) metrics.slowDisconnects.inc();
    },
  };
  const page: Route = { answer: await clientRoutes(config, () => traffic.ready) };
  let started: Listener | undefined;
  const listener = await listen({
    port: config.port,
    ...(host === undefined ? {} : { hosts: [host] }),
    path: CLIENT_PATHS.websocket,
    mostReadBytes: mostReadBytes(config),
    sendBufferBytes: config.sendBufferBytes,
    unreadGrown: bytes => sends.grown(bytes),
    refuse: admission({
      limits: config,
      most: mostConnections,
      closed: () => traffic.refusing,
      // Connections that are being closed hold memory and a descriptor too.
      connections: () => hub.sessions.size + (started?.closing.size ?? 0),
      endUnsigned: () => shared.unsigned.endWaiting(now()),
      now,
      refused: reason => {
        metrics.connectsRefused.inc({ reason });
        if (reason !== 'origin' && reason !== 'address') meter.refused();
      },
    }),
    open: socket => {
      const session = new Session(socket, context, hooks);
      metrics.connects.inc();
      hub.add(session);
      shared.unsigned.add(session);
      return session;
    },
    route: path => (Object.hasOwn(routes, path) ? routes[path] : undefined) ?? page,
  });
  started = listener;
  return {
    listener,
    stop: () => {
      for (const session of [...hub.sessions]) session.end(CLOSES.shutdown);
      listener.endClosing();
    },
  };
}
