/** Escapes a room, or a user, for use as one subject token: `.`, `*`, `>`, `%`, space and non-ASCII become `%XX` of their UTF-8. */
export function roomToken(room: string): string {
  return encodeURIComponent(room).replace(/[.*!'()]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Room of a subject token; the token itself if {@link roomToken} did not make it: other NATS clients publish too. */
export function roomOfToken(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** Partition of a room: FNV-1a over its UTF-8. Must never change, because a room keeps its partition for ever. */
export function partitionOf(room: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(room, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}

/** Names in NATS and MongoDB. All contain the instance, so that several ChatClusters share one NATS and one MongoDB. */
export interface Names {
  logStream(partition: number): string;
  liveStream(partition: number): string;
  /** Subject that a LOG stream listens on during a lift, so that it accepts no publishes. */
  fence(partition: number): string;
  /** All subjects of one LOG stream. */
  logSubjects(partition: number): string;
  /** Subject that messages of a room are published to. */
  log(partition: number, room: string): string;
  /** All subjects that one LIVE stream republishes on. */
  liveSubjects(partition: number): string;
  /** Core NATS subject on which LIVE republishes the messages of a room. */
  live(partition: number, room: string): string;
  /** Stream that keeps the offset of each room's last message that was purged from LOG. */
  lastStream(partition: number): string;
  /** All subjects of one LAST stream. */
  lastSubjects(partition: number): string;
  /** Subject of a room's entry in LAST. */
  last(partition: number, room: string): string;
  /** Subject of the cover in LAST. No room token can equal it. */
  lastMark(partition: number): string;
  /** Durable consumer of the store, one per LOG stream. */
  readonly storeConsumer: string;
  /** Key-value bucket of the lock under which workers change streams. */
  readonly lockBucket: string;
  /** Key-value bucket of the leases under which workers fold partitions. */
  readonly leaseBucket: string;
  /** Key-value bucket of the states of rooms and the rooms of users. */
  readonly policyBucket: string;
  /** Stream of the marks of users in rooms. */
  readonly marksStream: string;
  /** All subjects of the stream of marks. */
  readonly marksSubjects: string;
  /** Subject of the marks of a user in a room. */
  marks(user: string, room: string): string;
  /** Subject of presence requests to one gateway. */
  presenceOf(gateway: string): string;
  /** Subject of presence requests of the previous release, to all gateways. */
  readonly presenceAsk: string;
  /** Subject of the heartbeats between gateways. */
  readonly gatewayBeat: string;
  /** Subject of ephemeral events to one gateway; nothing on it is stored. */
  ephemeralOf(gateway: string): string;
  /** Subject of joins and leaves of one room; nothing on it is stored. */
  joins(room: string): string;
  /** Database in MongoDB. */
  readonly database: string;
}

/** Names of an instance. */
export function names(instance: string): Names {
  return {
    logStream: partition => `CHAT_${instance}_LOG_${partition}`,
    liveStream: partition => `CHAT_${instance}_LIVE_${partition}`,
    fence: partition => `chat.${instance}.fence.${partition}`,
    logSubjects: partition => `chat.${instance}.log.${partition}.*`,
    log: (partition, room) => `chat.${instance}.log.${partition}.${roomToken(room)}`,
    liveSubjects: partition => `chat.${instance}.live.${partition}.*`,
    live: (partition, room) => `chat.${instance}.live.${partition}.${roomToken(room)}`,
    lastStream: partition => `CHAT_${instance}_LAST_${partition}`,
    lastSubjects: partition => `chat.${instance}.last.${partition}.*`,
    last: (partition, room) => `chat.${instance}.last.${partition}.${roomToken(room)}`,
    lastMark: partition => `chat.${instance}.last.${partition}.$covered`,
    storeConsumer: 'store',
    lockBucket: `CHAT_${instance}_LOCKS`,
    leaseBucket: `CHAT_${instance}_FOLDS`,
    policyBucket: `CHAT_${instance}_POLICY`,
    marksStream: `CHAT_${instance}_MARKS`,
    marksSubjects: `chat.${instance}.marks.*.*`,
    marks: (user, room) => `chat.${instance}.marks.${roomToken(user)}.${roomToken(room)}`,
    presenceOf: gateway => `chat.${instance}.presence.of.${roomToken(gateway)}`,
    presenceAsk: `chat.${instance}.presence.ask`,
    gatewayBeat: `chat.${instance}.gateway.beat`,
    ephemeralOf: gateway => `chat.${instance}.ephemeral.of.${roomToken(gateway)}`,
    joins: room => `chat.${instance}.joins.${roomToken(room)}`,
    database: `chat_${instance}`,
  };
}
