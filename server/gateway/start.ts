import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { accessOf } from '../access/access.ts';
import { isInbox } from '../access/names.ts';
import { boundedTime } from '../bus/bounded-time.ts';
import { bumpBus } from '../bus/bump-bus.ts';
import { ephemeralBus } from '../bus/ephemeral-bus.ts';
import { readLogTime } from '../bus/log-clock.ts';
import { presenceBus } from '../bus/presence-bus.ts';
import { chatOf } from '../chat/chat.ts';
import type { OptionName } from '../contract/options.ts';
import { NO_ROOM } from '../fold/room-state.ts';
import type { PairArchive, RoomArchive } from '../membership/archive.ts';
import type { ContactDirectory } from '../membership/contacts.ts';
import type { RoomDirectory } from '../membership/directory.ts';
import type { MarkArchive } from '../membership/mark-archive.ts';
import type { UserArchive } from '../membership/user-archive.ts';
import { once } from '../process/once.ts';
import { connectionsWithin, openFilesLimit } from '../process/open-files.ts';
import { jsonCodec } from '../protocol/json.ts';
import { protobufCodec } from '../protocol/protobuf.ts';
import type { CountReader } from '../room/counts.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { HistoryStore } from '../room/history-store.ts';
import { TailBudget } from '../room/tail.ts';
import type { ViewReader } from '../room/views.ts';
import type { SessionContext } from '../session/context.ts';
import type { Config } from '../settings/config.ts';
import type { SettingsSource } from '../settings/source.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import { type MessageTrace, noTrace } from '../telemetry/message-trace.ts';
import { type Clocks, systemClock } from '../time/clock.ts';
import type { Listener } from '../transport/uws.ts';
import { adminPart } from './admin.ts';
import { clientPort } from './client-port.ts';
import { connectionsPart } from './connections.ts';
import { membershipOf } from './membership.ts';
import { natsPart } from './nats.ts';
import { type Part, routesOf, runParts } from './part.ts';
import { presencePart } from './presence.ts';
import { rechecksPart } from './rechecks.ts';
import { roomEvents } from './room-events.ts';
import { roomsPart } from './rooms.ts';
import { settingsPart } from './settings.ts';
import { streamsExist } from './streams-exist.ts';
import { type Measured, telemetryPart } from './telemetry.ts';
import { trafficPart } from './traffic.ts';

export interface GatewayParts {
  readonly store: HistoryStore &
    ViewReader &
    RoomDirectory &
    RoomArchive & {
      readonly counts: CountReader;
      readonly users: UserArchive;
      readonly marks: MarkArchive;
      readonly contacts: PairArchive & ContactDirectory;
    };
  readonly logger: Logger;
  /** Time of day for what users do. Default: that of the machine. */
  readonly wallClock?: Clocks['wallClock'];
  /** Source of {@link startGateway}'s config, if it may change. */
  readonly settings?: SettingsSource;
  /** Called with options that have changed, for what the gateway does not own. */
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

const CODECS = { json: jsonCodec, protobuf: protobufCodec } as const;
const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/**
 * Starts a gateway. Resolves once it accepts connections, which needs NATS and the streams of a worker; later it
 * outlives NATS and MongoDB.
 * @throws {Error} when a port cannot be had
 */
export async function startGateway(config: Config, given: GatewayParts): Promise<Gateway> {
  const { logger, store, settings: source, changed, trace = noTrace, host, dropLive } = given;
  const { now } = systemClock;
  const openFiles = await openFilesLimit();
  const mostConnections = () => connectionsWithin(openFiles, config.maxConnections);
  const budget = new TailBudget(config);
  const measured: Measured = {};
  let listener: Listener | undefined;
  const publish: PublishTopic = (topic, frame, binary) => listener?.topics.publish(topic, frame, binary);

  const telemetry = telemetryPart({ config, measured, budget, mostConnections, source, now, logger });
  const { meter, metrics, overload } = telemetry;
  const connections = connectionsPart({
    config,
    codecs: CODECS,
    publish,
    closing: () => listener?.closing ?? [],
    now,
    surplusPong: () => metrics.surplusPongs.inc(),
    unsignedEnded: () => metrics.limited.inc({ limit: 'unsigned' }),
  });
  const { hub } = connections;
  const stopAccepting = () => listener?.stopAccepting();
  const intake = trafficPart({ hub, metrics, stopAccepting, now, logger });
  const { traffic } = intake;
  Object.assign(measured, { connections, traffic: intake } satisfies Measured);
  const access = accessOf(config, metrics, logger, systemClock);
  // Before NATS is awaited: a wrong password has to be reloadable.
  const settings = settingsPart({
    config,
    source,
    access,
    sessions: hub.sessions,
    traffic,
    changed,
    now,
    openFiles,
    logger,
  });
  const admin = await adminPart(config.adminPort, telemetry, logger);

  const unreadable = () => metrics.unreadable.inc();
  const nats = await natsPart({ config, unreadable, dropLive, now, logger });
  measured.nats = nats;
  await streamsExist(nats.log, logger);
  const readTime = () => readLogTime(nats.read, nats.names, 0);
  const time = boundedTime(readTime, { now, wallClock: given.wallClock ?? systemClock.wallClock });
  await time.ask();
  const clocks: Clocks = { now, wallClock: time.wallClock };
  const membership = membershipOf({
    nats,
    archive: store,
    policy: access.policy,
    clocks,
    logger,
  });
  const rooms = roomsPart({
    config,
    log: nats.log,
    store,
    bus: presenceBus(nats.write, nats.names),
    ephemeralBus: ephemeralBus(nats.read, nats.names),
    bumpBus: bumpBus(nats.read, nats.names),
    control: membership.control,
    stateOf: (room, offset) => (isInbox(room) ? NO_ROOM : membership.states.upTo(room, offset)),
    people: membership.people,
    marks: { store: membership.markStore, archive: store.marks },
    codecs: CODECS,
    publish,
    budget,
    events: roomEvents(metrics, meter, trace, logger, systemClock),
    metrics,
    overload,
    clock: systemClock,
  });
  measured.rooms = rooms;
  membership.follow(rooms.rooms, rooms.states, rooms.bumps);
  const context: SessionContext = {
    config,
    version: PACKAGE.version,
    codecs: CODECS,
    verify: access.verify,
    refusals: access.refusals,
    chat: chatOf({
      clocks,
      config,
      access: (identity, room) => membership.rights.load(identity, room),
      seen: (identity, room) => membership.rights.seen(identity, room),
      areCutsKept: async () => (await rooms.presence.level()) >= 1,
      areBlocksKept: async () => (await rooms.presence.level()) >= 2,
      kindOf: room => access.policy.kindOf(room),
      kinds: () => access.policy.kinds,
      log: nats.log,
      store,
      counts: store.counts,
      reader: rooms.whole,
      masks: rooms.masks,
      rooms: membership.states,
      userRooms: {
        of: user => membership.userRooms.ofOnce(user),
        left: user => membership.userRooms.left(user),
        acted: own => membership.userRooms.acted(own),
      },
      pairs: membership.pairs,
      contacts: store.contacts,
      daily: membership.daily,
      settings: membership.settings,
      users: store.users,
      markStore: membership.markStore,
      markArchive: store.marks,
      after: systemClock.after,
      reaches: rooms.reaches,
      directory: store,
      ephemeral: rooms.ephemeral,
      states: rooms.states,
      bumps: rooms.bumps,
      present: rooms.present,
      drops: feature => overload.drops(feature),
      metrics,
      meter,
      trace,
    }),
    ...rooms.services,
    ...connections.shared,
    metrics,
    meter,
    trace,
    logger,
    ...systemClock,
    heartbeat: session => hub.heartbeat(session),
  };
  const inner: readonly Part[] = [admin, nats, telemetry, connections, rooms];
  const routes = routesOf(inner);
  const client = await clientPort({ context, connections, telemetry, traffic, mostConnections, routes, host });
  measured.client = client;
  listener = client.listener;

  const rechecks = rechecksPart(rooms.rooms, nats, config);
  const presence = presencePart(rooms.presence, rooms.joins, rooms.states);
  const stop = runParts([...inner, client, presence, rechecks, settings, intake]);
  intake.start();
  logger.info({ port: listener.port, adminPort: admin.port, version: PACKAGE.version }, 'gateway ready');
  const drain = once(async () => {
    await traffic.end(config.drainDelaySeconds * 1000, config.drainSeconds * 1000);
    await stop();
  });
  return { port: listener.port, adminPort: admin.port, metrics, drain, stop };
}
