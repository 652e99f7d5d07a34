import type { Codec, Encoding } from '../protocol/codec.ts';
import type { PublishTopic } from '../room/fan-out.ts';
import type { SessionContext } from '../session/context.ts';
import { Hub } from '../session/hub.ts';
import { PAGE_BYTES, pageSlots } from '../session/pages.ts';
import { type Holder, SendBudget } from '../session/send-budget.ts';
import { Unsigned } from '../session/unsigned.ts';
import type { Config } from '../settings/config.ts';
import type { Moment } from '../time/clock.ts';
import type { Part } from './part.ts';

export interface ConnectionsOptions {
  /** Limits are read at each use. */
  readonly config: Config;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  /** Sockets that are being closed. */
  readonly closing: () => Iterable<Holder>;
  readonly now: () => Moment;
  /** Counts a pong that answers no ping. */
  readonly surplusPong: () => void;
  /** Called for each connection that is closed because others wait to sign in. */
  readonly unsignedEnded: () => void;
}

export interface Connections extends Part {
  readonly hub: Hub;
  /** Bytes that all connections hold for their readers. */
  readonly sends: SendBudget;
  /** Limits that connections share. */
  readonly shared: Pick<SessionContext, 'pages' | 'unsigned'>;
}

/** All connections of a gateway, and the limits they share. */
export function connectionsPart(options: ConnectionsOptions): Connections {
  const { config, codecs, publish, closing, now, surplusPong, unsignedEnded } = options;
  const hub = new Hub({ limits: config, codecs, publish, now, surplusPong });
  const pages = pageSlots(config);
  const sends = new SendBudget({
    limit: () => config.sendBufferTotalBytes,
    holders: () => [...hub.sessions, ...closing()],
    pages: () => pages.underWay * PAGE_BYTES,
    soon: setImmediate,
  });
  const unsigned = new Unsigned(() => config.maxUnsignedConnections, unsignedEnded);
  return {
    hub,
    sends,
    shared: { pages, unsigned },
    tick: () => {
      hub.tick();
      // After the sockets have been read.
      setImmediate(() => {
        hub.sweep();
        sends.look();
      });
    },
  };
}
