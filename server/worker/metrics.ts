import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];
const MESSAGES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

/** All metrics of a worker. Labels must not contain names of rooms or users. There are at most 64 partitions. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `chatcluster_${name}`, help, labelNames, registers: [this.registry] });
  readonly #gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `chatcluster_${name}`, help, labelNames, registers: [this.registry] });
  readonly #histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `chatcluster_${name}`, help, buckets, registers: [this.registry] });

  readonly lag = this.#gauge(
    'store_lag_messages',
    'Messages in a LOG stream that MongoDB does not have yet, by partition.',
    ['partition'],
  );
  readonly stored = this.#counter('stored_messages_total', 'Messages written to MongoDB, including repeated ones.');
  readonly redelivered = this.#counter(
    'store_redelivered_messages_total',
    'Messages delivered to a worker again because an earlier delivery was not acknowledged in time.',
  );
  readonly rejected = this.#counter(
    'store_rejected_messages_total',
    'Messages set aside in the collection rejected, by the error code with which MongoDB refused them; unreadable for messages that no gateway wrote and no client can receive.',
    ['code'],
  );
  readonly retries = this.#counter('store_retries_total', 'Repeated writes of batches because MongoDB did not answer.');
  readonly purged = this.#counter('log_purged_messages_total', 'Stored messages removed from LOG streams.');
  readonly lastRooms = this.#counter('last_rooms_total', 'Digests of rooms written to a LAST stream.');
  readonly purgedInWindow = this.#counter(
    'log_purged_in_window_messages_total',
    'Stored messages removed from LOG streams before the hot window had passed, because the stream was filling.',
  );
  readonly logBytes = this.#gauge('log_bytes', 'Bytes in a LOG stream, by partition.', ['partition']);
  readonly logMaxBytes = this.#gauge(
    'log_max_bytes',
    'Bytes a LOG stream can hold, by partition: when it is full, publishes are refused.',
    ['partition'],
  );
  readonly complete = this.#gauge(
    'store_complete_offset',
    'Offset up to which MongoDB has every message of a LOG stream, by partition, as this worker last noted it.',
    ['partition'],
  );
  readonly foreignConsumers = this.#gauge(
    'log_foreign_consumers',
    'Durable consumers of other programs on a LOG stream, by partition. Purges do not wait for them.',
    ['partition'],
  );
  readonly streamChanges = this.#counter(
    'stream_changes_total',
    'Changes this worker made to streams: create-log, lift, update-log, create-live, update-live, create-consumer, update-consumer, refill, create-last, update-last, create-policy, update-policy, create-marks, update-marks.',
    ['change'],
  );
  readonly batchMessages = this.#histogram('store_batch_messages', 'Messages per batch.', MESSAGES);
  readonly writeSeconds = this.#histogram(
    'store_write_seconds',
    'Seconds of one successful write of a batch.',
    SECONDS,
  );
  readonly storedAfter = this.#histogram(
    'stored_after_seconds',
    'Seconds from LOG to MongoDB of the oldest message of a batch, by the clocks of two machines.',
    SECONDS,
  );
  readonly indexesMissing = this.#gauge(
    'store_indexes_missing',
    'Missing indexes of the collection messages; they are being built in the background.',
  );
  readonly foldLag = this.#gauge(
    'fold_lag_entries',
    'Entries of a LOG stream that a fold has not read yet, by fold and partition. Purges wait for them. For the fold marks: of MARKS, as partition 0.',
    ['fold', 'partition'],
  );
  readonly foldLagSeconds = this.#gauge(
    'fold_lag_seconds',
    'Seconds since a fold had every entry of a LOG stream, by fold and partition.',
    ['fold', 'partition'],
  );
  readonly folded = this.#counter(
    'folded_entries_total',
    'Entries folded by this worker, including repeated ones, by fold.',
    ['fold'],
  );
  readonly voided = this.#counter(
    'void_entries_total',
    'Entries that do not count, because their authors were restricted before them, as this worker folded them, including repeated ones.',
  );
  readonly refusedWrites = this.#counter(
    'refused_writes_total',
    'Writes of rooms and users to POLICY and to inboxes that NATS refused for good and the fold state left out.',
  );
  readonly erasuresFailed = this.#counter(
    'erasures_failed_total',
    'Attempts to erase deleted texts and entries that do not count in LOG and LIVE that failed. Each is repeated after a second.',
  );
  readonly marksPurged = this.#counter(
    'marks_purged_total',
    'Marks removed from the stream MARKS because it had more than CHAT_MARKS_KEPT. MongoDB has them.',
  );
  readonly foldLeases = this.#gauge('fold_leases', 'Partitions that this worker folds now, by fold.', ['fold']);
  readonly natsUp = this.#gauge('nats_up', '1 while NATS is connected and the streams are as they should be.');
  readonly optionsRejected = this.#gauge(
    'live_options_rejected',
    'Reloadable options whose new value is not valid: the previous value stays in force.',
  );
  readonly storeUp = this.#gauge('store_up', '1 while MongoDB answers.');

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
