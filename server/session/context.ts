import type { Logger } from 'pino';
import type { RefusalLog } from '../access/refusal-log.ts';
import type { VerifyToken } from '../access/token.ts';
import type { Chat } from '../chat/chat.ts';
import type { Joins } from '../presence/joins.ts';
import type { Presence } from '../presence/presence.ts';
import type { Codec, Encoding } from '../protocol/codec.ts';
import type { JoinOptions } from '../room/join.ts';
import type { RoomReader } from '../room/reader.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { LoadMeter } from '../telemetry/load-meter.ts';
import type { MessageTrace } from '../telemetry/message-trace.ts';
import type { Clock } from '../time/clock.ts';
import type { Pinged, Slice } from './heartbeat.ts';
import type { Slots } from './slots.ts';
import type { Unsigned } from './unsigned.ts';

/** Services and settings that the commands of all connections of a gateway work with. */
export interface SessionContext extends Clock {
  readonly config: Config;
  readonly version: string;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly verify: VerifyToken;
  readonly refusals: Pick<RefusalLog, 'refused'>;
  readonly chat: Chat;
  readonly rooms: Rooms;
  readonly reader: RoomReader;
  readonly presence: Presence;
  readonly joins: Joins;
  readonly join: JoinOptions;
  /** Slots for reading pages, shared by all connections. */
  readonly pages: Slots;
  readonly unsigned: Unsigned;
  readonly metrics: GatewayMetrics;
  readonly meter: Pick<LoadMeter, 'answered' | 'tokenChecked'>;
  readonly trace: Pick<MessageTrace, 'call'>;
  readonly logger: Logger;
  /** Adds a new connection to a heartbeat. */
  readonly heartbeat: (member: Pinged) => { readonly slice: Slice; readonly topic: string };
}
