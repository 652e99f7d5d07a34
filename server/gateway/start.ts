import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { accessOf } from '../access/access.ts';
import { connectNats } from '../bus/connect.ts';
import { names as namesOf } from '../bus/names.ts';
import { natsUp } from '../bus/nats-up.ts';
import { presenceBus } from '../bus/presence-bus.ts';
import { onResume } from '../bus/resume.ts';
import { roomLog } from '../bus/room-log.ts';
import { LookUps } from '../chat/look-ups.ts';
import { ReportedTime } from '../chat/reported-time.ts';
import { handle } from '../commands/registry.ts';
import type { GatewayLoad } from '../contract/load.ts';
import type { OptionName } from '../contract/options.ts';
import { CLIENT_PATHS } from '../contract/ports.ts';
import { adminServer } from '../process/admin.ts';
import { once } from '../process/once.ts';
import { checkOpenFiles, connectionsWithin, openFilesLimit } from '../process/open-files.ts';
import { CLOSES } from '../protocol/codes.ts';
import { jsonCodec } from '../protocol/json.ts';
import { protobufCodec } from '../protocol/protobuf.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { HistoryStore } from '../room/history-store.ts';
import { Rechecks } from '../room/rechecks.ts';
import type { Rooms } from '../room/rooms.ts';
import { TailBudget } from '../room/tail.ts';
import type { SessionContext } from '../session/context.ts';
import { mostReadBytes } from '../session/frame-limits.ts';
import { Hub } from '../session/hub.ts';
import { Session } from '../session/session.ts';
import type { SessionHooks } from '../session/session-hooks.ts';
import type { Config } from '../settings/config.ts';
import { follow } from '../settings/reload.ts';
import type { SettingsSource } from '../settings/source.ts';
import { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import { LoadMeter } from '../telemetry/load-meter.ts';
import { type MessageTrace, noTrace } from '../telemetry/message-trace.ts';
import { systemClock } from '../time/clock.ts';
import { admission } from '../traffic/admission.ts';
import { Traffic } from '../traffic/traffic.ts';
import { WAVE_EVERY_MS } from '../traffic/waves.ts';
import { clientRoutes } from '../transport/http/client-routes.ts';
import { type Listener, listen } from '../transport/uws.ts';
import { adminRoutes } from './admin-routes.ts';
import { applyOptions } from './apply-options.ts';
import { clientLimits } from './client-limits.ts';
import { payloadCheck } from './payload-check.ts';
import { roomEvents } from './room-events.ts';
import { roomParts } from './room-parts.ts';
import { checkSecrets } from './secret-check.ts';
import { streamsExist } from './streams-exist.ts';
import { startTicks } from './ticks.ts';

export interface GatewayParts {
  readonly store: HistoryStore;
  readonly logger: Logger;
  /** Where {@link startGateway}'s config comes from, if it may change. */
  readonly settings?: SettingsSource;
  /** Told of live options that have changed, for what the gateway does not own. */
  readonly changed?: (options: readonly OptionName[]) => void;
  /** Default: off. */
  readonly trace?: MessageTrace;
  /** Address to listen on. Default: every address of the machine, IPv6 and IPv4. */
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

/** How long NATS may take the farewell, without which the others wait for this gateway's answers. */
const FAREWELL_MS = 500;
const CODECS = { json: jsonCodec, protobuf: protobufCodec } as const;
const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/**
 * Starts a gateway. Resolves once it accepts connections, which needs NATS and the streams of a worker; later it
 * outlives NATS and MongoDB.
 * @throws {Error} when a port cannot be had
 */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const { logger, store } = parts;
  const trace = parts.trace ?? noTrace;
  const { now, wallClock } = systemClock;
  const names = namesOf(config.instance);
  const meter = new LoadMeter();
  const budget = new TailBudget(config);
  const openFiles = await openFilesLimit();
  const mostConnections = () => connectionsWithin(openFiles, config.maxConnections);
  let listener: Listener | undefined;
  let isNatsUp = () => false;
  const publish: PublishTopic = (topic, frame, binary) => listener?.publish(topic, frame, binary);

  const hub: Hub = new Hub({
    limits: config,
    codecs: CODECS,
    publish,
    now,
    surplusPong: () => metrics.surplusPongs.inc(),
  });
  const { sends, ...shared } = clientLimits(
    config,
    () => [...hub.sessions, ...(listener?.closing ?? [])],
    () => metrics.limited.inc({ limit: 'unsigned' }),
  );
  const metrics: GatewayMetrics = new GatewayMetrics({
    connections: () => hub.sessions.size,
    mostConnections,
    subscriptions: () => rooms?.subscriptions() ?? 0,
    rooms: () => rooms?.size ?? 0,
    tailBytes: () => budget.used,
    pagesReading: () => shared.pages.underWay,
    sendBufferBytes: () => sends.held,
    closingSockets: () => listener?.closing.size ?? 0,
    eventLoopLagMs: () => meter.rates.eventLoopLagMs,
    draining: () => traffic.draining,
    closing: () => traffic.closing,
    natsUp: () => isNatsUp(),
    liveOptionsRejected: () => parts.settings?.problems.length ?? 0,
  });
  const traffic: Traffic = new Traffic({
    connections: () => hub.sessions.size,
    shed: count => hub.shed(count),
    stopAccepting: () => listener?.stopAccepting(),
    moved: (reason, count) => metrics.moves.inc({ reason }, count),
    now,
    logger,
  });
  traffic.want(parts.settings?.wanted ?? null);
  const access = accessOf(config, metrics, logger, systemClock);
  const apply = applyOptions(config, { ...access, logger, sessions: hub.sessions, now, openFiles });
  checkOpenFiles(openFiles, config.maxConnections, logger);
  checkSecrets(config, logger);
  // From here on, as what is waited for below may be a password that somebody has to correct.
  const unfollow = parts.settings
    ? follow(parts.settings, logger, (settings, changed) => {
        traffic.want(settings.wanted);
        apply(changed);
        parts.changed?.(changed);
      })
    : () => undefined;
  const load = (): GatewayLoad => ({
    gateway: config.processName,
    ready: traffic.ready,
    draining: traffic.draining,
    refusing: traffic.refusing,
    connections: hub.sessions.size,
    maxConnections: mostConnections(),
    ...meter.rates,
    natsUp: isNatsUp(),
    optionsVersion: parts.settings?.version ?? '',
    ...parts.settings?.refused,
  });
  let rooms: Rooms | undefined;
  const admin = await adminServer(config.adminPort, adminRoutes(load, metrics), error =>
    logger.error({ err: error }, 'a request to the admin port could not be answered'),
  );

  const [write, read] = await Promise.all([
    connectNats(config, `${config.processName} writes`),
    connectNats(config, `${config.processName} reads`),
  ]);
  const hook = parts.dropLive ? { dropLive: parts.dropLive } : {};
  isNatsUp = natsUp([write, read], now);
  const { partitions } = config;
  const publishTimeoutMs = () => config.publishTimeoutMs;
  const unreadable = () => metrics.unreadable.inc();
  const log = roomLog(write, read, { names, partitions, publishTimeoutMs, now, unreadable, ...hook });
  await streamsExist(log, logger);
  const events = roomEvents(metrics, meter, trace, logger, { now, wallClock });
  const bus = presenceBus(write, names);
  const chat = roomParts({
    config,
    log,
    store,
    bus,
    codecs: CODECS,
    publish,
    budget,
    events,
    metrics,
    now,
  });
  const { presence, rooms: followed } = chat;
  rooms = followed;

  const context: SessionContext = {
    config,
    version: PACKAGE.version,
    codecs: CODECS,
    verify: access.verify,
    refusals: access.refusals,
    policy: access.policy,
    ...chat,
    ...shared,
    metrics,
    meter,
    trace,
    logger,
    now,
    wallClock,
    lookUps: new LookUps({ log, store, now, limits: config }),
    reportedTime: new ReportedTime(systemClock),
    later: (run, ms) => systemClock.after(ms, run),
    heartbeat: session => hub.heartbeat(session),
  };
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
  const client = await listen({
    port: config.port,
    ...(parts.host === undefined ? {} : { hosts: [parts.host] }),
    path: CLIENT_PATHS.websocket,
    mostReadBytes: mostReadBytes(config),
    sendBufferBytes: config.sendBufferBytes,
    unreadGrown: bytes => sends.grown(bytes),
    refuse: admission({
      limits: config,
      most: mostConnections,
      closed: () => traffic.refusing,
      // Those that are being closed hold memory and a descriptor too.
      connections: () => hub.sessions.size + (listener?.closing.size ?? 0),
      makeRoom: () => shared.unsigned.makeRoom(now()),
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
    http: await clientRoutes(config, () => traffic.ready),
  });
  listener = client;

  const rechecks = new Rechecks(followed, () => config.recheckSeconds);
  const stopResume = onResume([write, read], names, partitions, () => rechecks.resumed(write.flush()));
  const stopTicks = startTicks({
    now,
    meter,
    hub,
    rooms: followed,
    sends,
    rechecks,
    presence: chat,
    checkPayload: payloadCheck(config, log.mostBodyBytes, logger),
  });
  const waves = setInterval(() => traffic.wave(), WAVE_EVERY_MS);
  traffic.start();
  logger.info({ port: client.port, adminPort: admin.port, version: PACKAGE.version }, 'gateway ready');

  const stop = once(async () => {
    client.stopAccepting();
    stopTicks();
    clearInterval(waves);
    unfollow();
    stopResume();
    presence.leave();
    for (const session of [...hub.sessions]) session.end(CLOSES.shutdown);
    client.endClosing();
    followed.closeAll();
    meter.stop();
    if (log.connected()) await Promise.race([write.flush(), sleep(FAREWELL_MS)]).catch(() => undefined);
    await Promise.allSettled([write.close(), read.close(), admin.stop()]);
  });
  const drainOnce = once(async () => {
    await traffic.end(config.drainDelaySeconds * 1000, config.drainSeconds * 1000);
    await stop();
  });
  return { port: client.port, adminPort: admin.port, metrics, drain: drainOnce, stop };
}
