import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Source } from '../room/reader.ts';
import type { RepairCause } from '../room/room.ts';

/** Values that are read at each scrape. */
export interface GatewayGauges {
  readonly connections: () => number;
  readonly mostConnections: () => number;
  readonly subscriptions: () => number;
  readonly rooms: () => number;
  readonly tailBytes: () => number;
  readonly pagesReading: () => number;
  readonly sendBufferBytes: () => number;
  readonly closingSockets: () => number;
  readonly eventLoopLagMs: () => number;
  readonly draining: () => boolean;
  readonly closing: () => boolean;
  readonly natsUp: () => boolean;
  readonly optionsRejected: () => number;
  readonly featuresLeftOut: () => number;
}

/**
 * End of a call: `done`; `refused` with an error that is final for these parameters; `failed` with a temporary error; `abandoned` by
 * its caller, or answered as too late before it had written anything.
 */
export type CallOutcome = 'done' | 'refused' | 'failed' | 'abandoned';

/** Bounds of the histogram of calls: few, as there is a series of each for every verb. */
const CALL_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 5];

const SECONDS = [0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** All metrics of a gateway. Labels must not contain names of rooms or users. */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `chatcluster_${name}`, help, labelNames, registers: [this.registry] });
  readonly #histogram = <L extends string>(name: string, help: string, buckets = SECONDS, labelNames: L[] = []) =>
    new Histogram({ name: `chatcluster_${name}`, help, buckets, labelNames, registers: [this.registry] });

  readonly connects = this.#counter('connects_total', 'Connections accepted.');
  readonly connectsRefused = this.#counter('connects_refused_total', 'Connections refused before the upgrade.', [
    'reason',
  ]);
  readonly closes = this.#counter('closes_total', 'Connections ended by the gateway, by close code.', ['code']);
  readonly moves = this.#counter(
    'moves_total',
    'Connections closed so that the client connects to another gateway, by reason.',
    ['reason'],
  );
  readonly slowDisconnects = this.#counter(
    'slow_disconnects_total',
    'Connections closed because they read too slowly.',
  );
  readonly surplusPongs = this.#counter('surplus_pongs_total', 'Pongs of clients without a ping before them; ignored.');
  readonly tokensRefused = this.#counter('tokens_refused_total', 'Tokens refused, by reason.', ['reason']);
  readonly replacedSecretUsed = this.#counter(
    'tokens_replaced_secret_total',
    'Tokens accepted although signed with a replaced secret: an application still uses that secret.',
  );
  readonly errors = this.#counter('command_errors_total', 'Commands answered with an error, by its code.', ['code']);
  readonly calls = this.#counter(
    'verb_calls_total',
    'Calls of verbs that ended, by verb and outcome: done, refused, failed with a temporary error, or abandoned by the client.',
    ['verb', 'outcome'],
  );
  readonly callSeconds = this.#histogram(
    'verb_seconds',
    'Seconds from the begin of a call of a verb to its answer, by verb. Calls with wrong parameters are not in it.',
    CALL_SECONDS,
    ['verb'],
  );
  readonly races = this.#counter(
    'control_races_total',
    'Acts on rooms that were decided again, because another act made the next version of the room first.',
  );
  readonly masksRead = this.#counter(
    'masks_read_total',
    'Lists of the deleted messages of a room that were read from NATS, before messages of it were served.',
  );
  readonly limited = this.#counter(
    'limited_total',
    'Commands refused and connections closed because of a limit per user, room or gateway, by name of the limit.',
    ['limit'],
  );
  readonly messagesIn = this.#counter('messages_in_total', 'Messages acknowledged by JetStream, by type.', ['type']);
  readonly duplicates = this.#counter(
    'duplicates_total',
    'Messages that were stored already when they were sent again.',
  );
  readonly publishFailures = this.#counter('publish_failures_total', 'Messages that JetStream did not acknowledge.');
  readonly deliveries = this.#counter('deliveries_total', 'Messages delivered to subscribers.');
  readonly bytesIn = this.#counter('received_bytes_total', 'Bytes of frames received from clients.');
  readonly bytesOut = this.#counter('delivered_bytes_total', 'Bytes of messages delivered to subscribers.');
  readonly recoveries = this.#counter(
    'recoveries_total',
    'Subscribes that recovered, by the slowest source read: tail, LOG or MongoDB.',
    ['source'],
  );
  readonly recoveriesFailed = this.#counter('recoveries_failed_total', 'Subscribes answered with recovered: false.');
  readonly repairs = this.#counter(
    'repairs_total',
    'Reads for messages that live delivery lost or may have lost, by cause.',
    ['cause'],
  );
  readonly repaired = this.#counter(
    'repaired_messages_total',
    'Messages that live delivery lost and a repair delivered.',
  );
  readonly repairFailures = this.#counter(
    'repair_failures_total',
    'Reads for a repair that failed; they are tried again.',
  );
  readonly unreadable = this.#counter(
    'unreadable_messages_total',
    'Messages of a stream that clients cannot receive because no gateway wrote them. Counted at each read.',
  );
  readonly presencePartial = this.#counter(
    'presence_partial_total',
    'Presence answers without the members of some gateway, which did not answer.',
  );
  readonly ephemeralEvents = this.#counter(
    'ephemeral_events_total',
    'Events that nothing keeps, such as typing, by their receivers: the subscribers of a room, the connections of a user, or the gateways that watch a user.',
    ['to'],
  );
  readonly presenceStates = this.#counter(
    'presence_states_total',
    'Changed states of users queued for connections that watch them.',
  );
  readonly bumps = this.#counter(
    'bumps_total',
    'Hints of new messages queued for connections that asked for them with sync.',
  );
  readonly bumpRoomsRefused = this.#counter(
    'bump_rooms_refused_total',
    'Rooms of users that are not followed for hints of new messages, because the gateway follows CHAT_BUMP_ROOMS. Counts at each sync.',
  );
  readonly ephemeralDeliveries = this.#counter(
    'ephemeral_deliveries_total',
    'Ephemeral events queued for a connection.',
  );
  readonly ephemeralDropped = this.#counter(
    'ephemeral_dropped_total',
    'Ephemeral events not sent, by reason. slow: to a connection whose send buffer is more than half taken; background: to one whose client is in the background; full, nats: to a gateway, because there are too many, or NATS is away.',
    ['reason'],
  );
  readonly overloadDropped = this.#counter(
    'overload_dropped_total',
    'Events not sent because the gateway is overloaded, by feature: typing, presence, receipts, bumps, joins. A state of a user that waits counts at each attempt, and hints of new messages that wait once a second.',
    ['feature'],
  );
  readonly publishSeconds = this.#histogram(
    'publish_seconds',
    'Seconds from a publish command to its acknowledgement by JetStream.',
  );
  readonly deliverySeconds = this.#histogram(
    'delivery_seconds',
    'Seconds from the acceptance of a message by its gateway to its live delivery by this one, by the clocks of two machines.',
  );

  constructor(gauges: GatewayGauges) {
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `chatcluster_${name}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(value());
        },
      });
    gauge('connections', 'Open client connections.', gauges.connections);
    gauge(
      'connections_limit',
      'Most client connections this gateway accepts: CHAT_MAX_CONNECTIONS, or fewer if the limit on open files is too low.',
      gauges.mostConnections,
    );
    gauge('subscriptions', 'Subscriptions of all connections.', gauges.subscriptions);
    gauge('rooms', 'Rooms this gateway follows.', gauges.rooms);
    gauge('tail_bytes', 'Bytes of the tails: last messages of rooms, in memory.', gauges.tailBytes);
    gauge(
      'send_buffer_bytes',
      'Bytes that wait for all connections: in buffers and queues, sent but not acknowledged, and in pages being read.',
      gauges.sendBufferBytes,
    );
    gauge(
      'closing_sockets',
      'Sockets that are closing and wait, for at most 15 s, until the client has read what was sent.',
      gauges.closingSockets,
    );
    gauge('pages_reading', 'Pages of messages being read for clients that recover or page.', gauges.pagesReading);
    gauge(
      'event_loop_lag_seconds',
      'Mean delay of the event loop in the last 5 s.',
      () => gauges.eventLoopLagMs() / 1000,
    );
    gauge('draining', '1 while the gateway takes no new clients or is stopping.', () => Number(gauges.draining()));
    gauge('nats_up', '0 once the gateway has been without NATS for 5 s.', () => Number(gauges.natsUp()));
    gauge('closing', '1 while the gateway closes connections in waves.', () => Number(gauges.closing()));
    gauge(
      'features_left_out',
      'Features that the gateway leaves out because it is overloaded: 1 typing, 2 also states of users, 3 receipts, 4 bumps, 5 joins and leaves.',
      gauges.featuresLeftOut,
    );
    gauge(
      'live_options_rejected',
      'Reloadable options whose new value is not valid: the previous value stays in force.',
      gauges.optionsRejected,
    );
    collectDefaultMetrics({ register: this.registry });
  }

  received(bytes: number): void {
    this.bytesIn.inc(bytes);
  }

  published(type: string, duplicate: boolean, ms: number): void {
    if (duplicate) this.duplicates.inc();
    else this.messagesIn.inc({ type });
    this.publishSeconds.observe(ms / 1000);
  }

  delivered(deliveries: number, bytes: number): void {
    this.deliveries.inc(deliveries);
    this.bytesOut.inc(bytes);
  }

  /** @param ms null for a call that was not begun */
  called(verb: string, outcome: CallOutcome, ms: number | null): void {
    this.calls.inc({ verb, outcome });
    if (ms !== null) this.callSeconds.observe({ verb }, ms / 1000);
  }

  recovered(source: Source | 'failed'): void {
    if (source === 'failed') this.recoveriesFailed.inc();
    else this.recoveries.inc({ source });
  }

  repair(cause: RepairCause, messages: number): void {
    this.repairs.inc({ cause });
    this.repaired.inc(messages);
  }
}
