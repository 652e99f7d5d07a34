import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { Policy, parseKinds } from './auth/policy.ts';
import { tokenVerifier } from './auth/token.ts';
import { connectNats } from './bus/connect.ts';
import { names as namesOf } from './bus/names.ts';
import { presenceBus } from './bus/presence-bus.ts';
import { onResume } from './bus/resume.ts';
import { roomLog } from './bus/room-log.ts';
import type { Config } from './config.ts';
import { ADMIN_PATHS, CLIENT_PATHS, type GatewayLoad } from './contract.ts';
import { adminServer, json, text } from './http/admin.ts';
import { clientRoutes } from './http/client-routes.ts';
import { BEAT_MS, Presence } from './presence/presence.ts';
import { CLOSES } from './protocol/codes.ts';
import { jsonCodec } from './protocol/json.ts';
import { protobufCodec } from './protocol/protobuf.ts';
import { fanOut, type PublishTopic } from './room/fan-out.ts';
import { roomReader } from './room/reader.ts';
import { Rooms } from './room/rooms.ts';
import { TailBudget } from './room/tail.ts';
import { drain } from './session/drain.ts';
import { Hub } from './session/hub.ts';
import { Rate } from './session/rate.ts';
import { Session, type SessionHooks } from './session/session.ts';
import { type Listener, listen } from './socket/uws.ts';
import type { HistoryStore } from './store/store.ts';
import { GatewayMetrics } from './telemetry/gateway-metrics.ts';
import { LoadMeter } from './telemetry/load-meter.ts';
import { type MessageTrace, noTrace } from './telemetry/message-trace.ts';

export interface GatewayParts {
  readonly store: HistoryStore;
  readonly logger: Logger;
  /** Default: off. */
  readonly trace?: MessageTrace;
  /** Address to listen on. Default: all. */
  readonly host?: string;
  /** Test hook: true loses a live message, as a network between NATS servers can. */
  readonly dropLive?: (room: string, offset: number) => boolean;
}

export interface Gateway {
  readonly port: number;
  readonly adminPort: number;
  readonly metrics: GatewayMetrics;
  /** Ends the connections in paced waves within the configured time, then everything else. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): Promise<void>;
}

const CODECS = { json: jsonCodec, protobuf: protobufCodec } as const;
const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

/**
 * Starts a gateway. Resolves once it accepts connections, which needs NATS; later it outlives NATS and MongoDB.
 * @throws {Error} when a port cannot be had
 */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const { logger, store } = parts;
  const now = Date.now;
  const names = namesOf(config.instance);
  let ready = false;
  let draining = false;

  const meter = new LoadMeter();
  const budget = new TailBudget(config.tailBytes);
  const metrics: GatewayMetrics = new GatewayMetrics({
    connections: () => hub.sessions.size,
    subscriptions: () => rooms.subscriptions(),
    rooms: () => rooms.size,
    tailBytes: () => budget.used,
    eventLoopLagMs: () => meter.eventLoopLagMs,
    draining: () => draining,
  });
  const load = (): GatewayLoad => ({
    gateway: config.processName,
    ready,
    draining,
    connections: hub.sessions.size,
    maxConnections: config.maxConnections,
    deliveriesPerSecond: meter.deliveriesPerSecond,
    eventLoopLagMs: meter.eventLoopLagMs,
    cpu: meter.cpu,
  });
  const readiness = () => (ready ? text(200, 'ready') : text(503, draining ? 'draining' : 'starting'));
  const admin = await adminServer(config.adminPort, {
    [ADMIN_PATHS.live]: () => text(200, 'live'),
    [ADMIN_PATHS.ready]: readiness,
    [ADMIN_PATHS.load]: () => json(load()),
    [ADMIN_PATHS.metrics]: async () => ({
      status: 200,
      type: metrics.registry.contentType,
      body: await metrics.registry.metrics(),
    }),
  });

  const [write, read] = await Promise.all([
    connectNats(config, `${config.processName} writes`),
    connectNats(config, `${config.processName} reads`),
  ]);
  const log = roomLog(write, read, {
    names,
    partitions: config.partitions,
    publishTimeoutMs: config.publishTimeoutMs,
    now,
    ...(parts.dropLive ? { dropLive: parts.dropLive } : {}),
  });

  let listener: Listener | undefined;
  const publish: PublishTopic = (topic, frame, binary) => listener?.publish(topic, frame, binary);
  const trace = parts.trace ?? noTrace;
  const reader = roomReader(log, store, config.recoveryLimit);
  const rooms: Rooms = new Rooms({
    log,
    reader,
    fanOut: fanOut(CODECS, publish),
    budget,
    tailMessages: config.tailMessages,
    lingerMs: config.roomLingerSeconds * 1000,
    now,
    later: (run, ms) => setTimeout(run, ms),
    events: {
      delivered: (message, deliveries, bytes, live) => {
        meter.delivered(deliveries);
        metrics.delivered(deliveries, bytes);
        if (live && deliveries > 0) metrics.deliverySeconds.observe(Math.max(0, now() - message.time) / 1000);
        trace.delivered(message, deliveries);
      },
      repaired: (cause, messages) => metrics.repair(cause, messages),
      repairFailed: (room, error) => {
        metrics.repairFailures.inc();
        logger.warn({ room, reason: (error as Error).message }, 'a re-check failed and is tried again');
      },
    },
  });
  const hub: Hub = new Hub({
    codecs: CODECS,
    publish,
    pingSeconds: config.pingSeconds,
    pongSeconds: config.pongSeconds,
    connectSeconds: config.connectSeconds,
    expiryGraceSeconds: config.expiryGraceSeconds,
    sendBufferTotalBytes: config.sendBufferTotalBytes,
    now,
  });
  const presence = new Presence({
    gateway: config.processName,
    rooms,
    bus: presenceBus(write, names),
    now,
    partial: () => metrics.presencePartial.inc(),
  });
  const context = {
    config,
    version: VERSION,
    codecs: CODECS,
    verify: tokenVerifier(config.authSecret, { issuer: config.authIssuer, audience: config.authAudience, now }),
    policy: new Policy(parseKinds(config.roomKinds)),
    rooms,
    reader,
    log,
    store,
    presence,
    join: {
      reader,
      log,
      chunk: config.recoveryChunk,
      limit: config.recoveryLimit,
      recovered: (source: Parameters<GatewayMetrics['recovered']>[0]) => metrics.recovered(source),
    },
    metrics,
    trace,
    logger,
    now,
    heartbeat: (session: Session) => hub.heartbeat(session),
  };
  const origins = config.allowedOrigins.split(',').map(origin => origin.trim());
  const connects = new Rate(config.connectsPerSecond, config.connectsPerSecond, now());
  const refuse = (origin: string) => {
    const reason =
      origin !== '' && !origins.includes('*') && !origins.includes(origin)
        ? 'origin'
        : hub.sessions.size >= config.maxConnections
          ? 'connections'
          : connects.take(now())
            ? null
            : 'rate';
    if (reason === null) return null;
    metrics.connectsRefused.inc({ reason });
    return reason === 'origin' ? '403 Forbidden' : '503 Service Unavailable';
  };
  const hooks: SessionHooks = {
    pong: session => hub.pong(session),
    closed: session => hub.remove(session),
    ended: close => {
      metrics.closes.inc({ code: String(close.code) });
      if (close === CLOSES.slow) metrics.slowDisconnects.inc();
    },
  };
  const client = (listener = await listen({
    port: config.port,
    host: parts.host ?? '0.0.0.0',
    path: CLIENT_PATHS.websocket,
    maxFrameBytes: config.maxFrameBytes,
    sendBufferBytes: config.sendBufferBytes,
    refuse,
    overflow: socket => socket.end(CLOSES.slow),
    open: socket => {
      const session = new Session(socket, context, hooks);
      metrics.connects.inc();
      hub.add(session);
      return session;
    },
    http: await clientRoutes(config, () => readiness().status === 200),
  }));

  const stopResume = onResume([write, read], names, config.partitions, () => rooms.recheck());
  presence.beat();
  const beats = setInterval(() => presence.beat(), BEAT_MS);
  let second = 0;
  const ticks = setInterval(() => {
    meter.tick(performance.now());
    hub.tick();
    rooms.sweep();
    void rooms.recheck(second++ % config.recheckSeconds, config.recheckSeconds);
  }, 1_000);
  ready = true;
  logger.info({ port: client.port, adminPort: admin.port, version: VERSION }, 'gateway ready');

  let ending: Promise<void> | undefined;
  const stop = () => {
    ending ??= (async () => {
      ready = false;
      client.stopAccepting();
      clearInterval(ticks);
      clearInterval(beats);
      stopResume();
      presence.leave();
      for (const session of [...hub.sessions]) session.end(CLOSES.shutdown);
      rooms.closeAll();
      meter.stop();
      await Promise.allSettled([write.close(), read.close(), admin.stop()]);
    })();
    return ending;
  };
  return {
    port: client.port,
    adminPort: admin.port,
    metrics,
    stop,
    async drain() {
      if (draining) return await stop();
      draining = true;
      ready = false;
      await drain(hub, {
        delayMs: config.drainDelaySeconds * 1000,
        waveMs: config.drainSeconds * 1000,
        stopAccepting: () => client.stopAccepting(),
        logger,
      });
      await stop();
    },
  };
}
