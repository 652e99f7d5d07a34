/** Names in NATS. All carry the instance, so that several ChatClusters share one NATS. */

/** Escapes a room for use as one subject token: `.`, `*`, `>`, `%`, space and non-ASCII become `%XX` of their UTF-8. */
export function roomToken(room: string): string {
  return encodeURIComponent(room).replace(/[.*!'()]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The room of a subject's token; the token itself where {@link roomToken} did not make it: other clients publish too. */
export function roomOfToken(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** FNV-1a over UTF-8: stable over releases, because a room may never change its partition. */
export function partitionOf(room: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(room, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}

export interface Names {
  logStream(partition: number): string;
  liveStream(partition: number): string;
  /** Subject of a LOG stream that takes no messages while its sequence is lifted. */
  fence(partition: number): string;
  /** All subjects of one LOG stream. */
  logSubjects(partition: number): string;
  /** Subject a room's messages are published to. */
  log(partition: number, room: string): string;
  liveSubjects(partition: number): string;
  /** Core NATS subject a room's stored messages are republished on. */
  live(partition: number, room: string): string;
  /** Stream that keeps the last offset of each room whose messages have been purged from LOG. */
  lastStream(partition: number): string;
  /** All subjects of one LAST stream. */
  lastSubjects(partition: number): string;
  last(partition: number, room: string): string;
  /** Subject in LAST that says what it covers: no room's token can be equal to it. */
  lastMark(partition: number): string;
  /** Durable consumer of the store, one a LOG stream. */
  readonly storeConsumer: string;
  /** Key-value bucket of the lock that workers change streams under. */
  readonly lockBucket: string;
  /** Questions to one gateway for what it knows of its rooms. */
  presenceOf(gateway: string): string;
  /** Questions of the previous release to all gateways. */
  readonly presenceAsk: string;
  /** Heartbeats of the gateways. */
  readonly gatewayBeat: string;
  /** Joins and leaves of one room, ephemeral. */
  joins(room: string): string;
  readonly database: string;
}

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
    presenceOf: gateway => `chat.${instance}.presence.of.${roomToken(gateway)}`,
    presenceAsk: `chat.${instance}.presence.ask`,
    gatewayBeat: `chat.${instance}.gateway.beat`,
    joins: room => `chat.${instance}.joins.${roomToken(room)}`,
    database: `chat_${instance}`,
  };
}
