import { DeliverPolicy, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { StoredFloor } from '../room/history-store.ts';
import type { Moment } from '../time/clock.ts';
import { COPIES, Copies } from './copies.ts';
import type { Delivery } from './delivery.ts';
import { EPOCH_KEY, epochOf, newEpoch } from './epoch.ts';
import { CONSUMER_NOT_FOUND, managerOf, orNull, STREAM_NOT_FOUND } from './jetstream-api.ts';
import { lift } from './lift.ts';
import { mirrorSettled } from './mirror-settled.ts';
import type { Names } from './names.ts';
import { refill } from './refill.ts';
import { FROM_KEY } from './refill-plan.ts';
import { specMetadata } from './spec-version.ts';
import {
  lastConfig,
  liveConfig,
  logConfig,
  marksConfig,
  policyConfig,
  type StreamOptions,
  storeConsumerConfig,
} from './stream-config.ts';
import { type Lock, LockLost, raiseBucket, withLock } from './stream-lock.ts';
import {
  copiesOf,
  fewest,
  lacksEnd,
  type ObservedStreams,
  planRaise,
  planStreams,
  type StreamStep,
  valuesOf,
  type WantedStreams,
} from './stream-plan.ts';
import { updateOf, updateStream, withoutDirect } from './stream-update.ts';

/** Names, options and callbacks of {@link Streams}. */
export interface StreamsDeps {
  readonly names: Names;
  readonly options: StreamOptions;
  /** Name of this process, for the lock. */
  readonly holder: string;
  /** Reads the floor of a partition. No LOG stream is made while this rejects. */
  floor(partition: number): Promise<StoredFloor>;
  /** Offsets of a partition that others know to exist, each with its epoch. Never rejects. */
  known(partition: number): Promise<readonly { readonly epoch: string; readonly at: number }[]>;
  /** See {@link MessageWriter.settle}. */
  settle(partition: number, upTo: number): Promise<void>;
  /** Stores messages that a lift is about to remove. Resolves once they are stored. */
  rescue(partition: number, messages: readonly Delivery[], epoch: string): Promise<void>;
  /** Called after each change. */
  changed(partition: number, step: StreamStep): void;
  /** Called with the reason why NATS keeps fewer than three copies, each time it is another one. */
  fewCopies(reason: string): void;
  readonly now: () => Moment;
}

/** State of a partition whose streams are right. */
export interface PartitionState {
  readonly epoch: string;
  readonly last: number;
  /** Replicas of the stream that has the fewest. */
  readonly copies: number;
  /** Error of {@link StreamsDeps.floor}; null for none. With one the streams can be read, but the store may have lost messages. */
  readonly floorError: Error | null;
}

const LOCK_WAIT_MS = 10_000;
const ROUNDS = 4;
const MIRROR_WAIT_MS = 1_000;

/**
 * Makes the streams and keeps their settings as the options say. Only workers do this, under a lock; gateways never create a
 * stream. Looks and plans; if there is something to change, takes the lock, looks and plans again, changes, and looks again.
 */
export class Streams {
  readonly #connection: NatsConnection;
  readonly #deps: StreamsDeps;
  readonly #copies: Copies;
  /** True once the buckets of the lock and of leases have {@link COPIES}. */
  #bucketsRaised = false;
  /** Highest sequence of LOG seen, by partition: known even after a stream vanished. */
  readonly #seen = new Map<number, number>();
  /** End of the last change, for {@link #locked}. */
  #changed: Promise<void> = Promise.resolve();

  constructor(connection: NatsConnection, deps: StreamsDeps) {
    this.#connection = connection;
    this.#deps = deps;
    this.#copies = new Copies(deps.options.streamReplicas, deps.now, deps.fewCopies);
  }

  /** Decides on the copies of what workers make beside streams. */
  get copies(): Pick<Copies, 'forNew' | 'make'> {
    return this.#copies;
  }

  /** Reason why NATS keeps no more copies: see {@link Copies.reason}. */
  get whyNotMore(): string | undefined {
    return this.#copies.reason;
  }

  /**
   * Makes LOG, LIVE, LAST and the consumer of one partition right, as far as that is possible if the floor is not known.
   * @throws the error of NATS or of the store that prevented it; calling again is always safe
   */
  async ensure(partition: number): Promise<PartitionState> {
    const jsm = await managerOf(this.#connection);
    for (let round = 1; ; round++) {
      const { observed, steps, floorError, wanted } = await this.#look(jsm, partition, MIRROR_WAIT_MS);
      const { log } = observed;
      // All that needs no MongoDB is done. Left is to make LOG, or to lift it.
      if (steps.length === 0 && floorError && (!log || lacksEnd(log, observed))) throw floorError;
      if (steps.length === 0 && log) {
        const { last_seq: last } = log.state;
        this.#seen.set(partition, Math.max(last, this.#seen.get(partition) ?? 0));
        return { epoch: epochOf(log), last, copies: fewest(observed), floorError };
      }
      if (round === ROUNDS)
        throw new Error(`stream ${wanted.log.name} is not right after ${ROUNDS} rounds: ${JSON.stringify(steps)}`);
      await this.#locked(async lock => {
        const { steps, wanted } = await this.#look(jsm, partition, 0); // another worker may have been faster
        await this.#takeSteps(jsm, partition, wanted, steps, lock);
      });
    }
  }

  /**
   * Tries at intervals to give the streams more copies, if no option sets the number: NATS may have more servers now. An
   * error is only reported, because the streams are right as they are. Never rejects. @returns true if copies were added
   * @param state last result of {@link ensure}
   */
  async raise(partition: number, { copies }: PartitionState): Promise<boolean> {
    if ((copies >= COPIES && this.#bucketsRaised) || !this.#copies.isDue(partition)) return false;
    let raised = false;
    try {
      const jsm = await managerOf(this.#connection);
      await this.#locked(async lock => {
        if (!this.#bucketsRaised)
          for (const bucket of [this.#deps.names.lockBucket, this.#deps.names.leaseBucket])
            await raiseBucket(jsm, bucket, COPIES);
        this.#bucketsRaised = true;
        const { observed, wanted, steps } = await this.#look(jsm, partition, 0);
        if (steps.length > 0) return; // ensure makes them right first
        const more = { ...wanted, ...copiesOf(wanted, COPIES) };
        const raises = planRaise(observed, more);
        await this.#takeSteps(jsm, partition, more, raises, lock);
        raised = raises.length > 0;
      });
    } catch (error) {
      if (!(error instanceof LockLost)) this.#copies.failed(error);
    }
    return raised;
  }

  /** Runs `work` under the lock, one partition of this process at a time: others would only wait for the lock. */
  #locked(work: (lock: Lock) => Promise<void>): Promise<void> {
    const { names, holder } = this.#deps;
    const options = { bucket: names.lockBucket, copies: this.#copies, holder, waitMs: LOCK_WAIT_MS };
    const change = this.#changed.then(() => withLock(this.#connection, options, work));
    this.#changed = change.catch(() => undefined);
    return change;
  }

  async #takeSteps(
    jsm: JetStreamManager,
    partition: number,
    wanted: WantedStreams,
    steps: readonly StreamStep[],
    lock: Lock,
  ): Promise<void> {
    for (const step of steps) {
      lock.check();
      await this.#apply(jsm, partition, wanted, step, () => lock.check());
      this.#deps.changed(partition, step);
    }
  }

  #wanted(partition: number, actual: ObservedStreams): WantedStreams {
    const { names, options } = this.#deps;
    const fitted = (stream: StreamInfo | null) => ({
      ...options,
      streamReplicas: this.#copies.forStream(stream?.config.num_replicas),
    });
    return {
      spec: options.specVersion,
      log: logConfig(names, partition, fitted(actual.log)),
      live: liveConfig(names, partition, fitted(actual.live)),
      consumer: storeConsumerConfig(names, options),
      last: lastConfig(names, partition, fitted(actual.last)),
      policy: partition === 0 ? policyConfig(names, fitted(actual.policy)) : null,
      marks: partition === 0 ? marksConfig(names, fitted(actual.marks)) : null,
    };
  }

  async #look(jsm: JetStreamManager, partition: number, mirrorMs: number) {
    const { names } = this.#deps;
    // Read before the floor: everything acknowledged by now is in MongoDB.
    const consumer = await found(jsm.consumers.info(names.logStream(partition), names.storeConsumer));
    const { stored, floorError } = await this.#deps.floor(partition).then(
      stored => ({ stored, floorError: null }),
      (floorError: Error) => ({ stored: null, floorError }),
    );
    const known = await this.#deps.known(partition);
    const live = await mirrorSettled(jsm, names.liveStream(partition), mirrorMs);
    const log = await found(jsm.streams.info(names.logStream(partition)));
    const others = known.flatMap(({ epoch, at }) => (log && epoch === epochOf(log) ? at : []));
    const floor = Math.max(stored?.offset ?? 0, this.#seen.get(partition) ?? 0, ...others);
    const last = await found(jsm.streams.info(names.lastStream(partition)));
    const policy = partition === 0 ? await found(jsm.streams.info(`KV_${names.policyBucket}`)) : null;
    const marks = partition === 0 ? await found(jsm.streams.info(names.marksStream)) : null;
    const observed: ObservedStreams = { floor, stored, live, log, consumer, last, policy, marks };
    const wanted = this.#wanted(partition, observed);
    return { observed, steps: planStreams(observed, wanted), floorError, wanted };
  }

  async #apply(
    jsm: JetStreamManager,
    partition: number,
    wanted: WantedStreams,
    step: StreamStep,
    check: () => void,
  ): Promise<void> {
    const { log, live, consumer } = wanted;
    const made = specMetadata(wanted.spec);
    switch (step.do) {
      case 'create-log': {
        const first = step.firstSeq > 1 ? { first_seq: step.firstSeq } : {};
        const metadata = { ...made, [EPOCH_KEY]: newEpoch(), [FROM_KEY]: String(step.firstSeq) };
        await this.#make(jsm, { ...log, ...first, metadata });
        return;
      }
      case 'lift':
        return await lift(this.#connection, jsm, {
          log,
          fence: this.#deps.names.fence(partition),
          to: step.to,
          rescue: (messages, epoch) => this.#deps.rescue(partition, messages, epoch),
          check,
        });
      case 'update-log': {
        const actual = await jsm.streams.info(log.name);
        const from = step.from === undefined ? {} : { [FROM_KEY]: String(step.from) };
        const { metadata, ...settings } = updateOf(actual, log, step.differences, made);
        const epoch = { [EPOCH_KEY]: epochOf(actual) || newEpoch() };
        await jsm.streams.update(log.name, { ...settings, metadata: { ...metadata, ...epoch, ...from } });
        return;
      }
      case 'create-live':
        return await withoutDirect(jsm, log.name, async () => {
          if (step.reason !== 'missing') await jsm.streams.delete(live.name);
          await this.#make(jsm, { ...live, metadata: made, mirror: { name: log.name, opt_start_seq: step.from } });
        });
      case 'update-live':
        return await withoutDirect(jsm, log.name, async () => {
          const actual = await jsm.streams.info(live.name);
          await jsm.streams.update(live.name, updateOf(actual, live, step.differences, made));
        });
      case 'create-consumer':
        await jsm.consumers.add(log.name, { ...consumer, metadata: made, deliver_policy: DeliverPolicy.All });
        return;
      case 'refill':
        await refill(jsm, log.name, { ...consumer, metadata: made }, step);
        await this.#deps.settle(partition, step.lost?.to ?? 0);
        return;
      case 'update-consumer': {
        const actual = await jsm.consumers.info(log.name, consumer.durable_name);
        await jsm.consumers.update(log.name, consumer.durable_name, updateOf(actual, consumer, step.differences, made));
        return;
      }
      case 'create-last':
      case 'create-policy':
      case 'create-marks': {
        const settings = wanted[valuesOf(step)];
        return settings ? await this.#make(jsm, { ...settings, metadata: made }) : undefined;
      }
      case 'update-last':
      case 'update-policy':
      case 'update-marks': {
        const settings = wanted[valuesOf(step)];
        return settings ? await updateStream(jsm, settings, step.differences, made) : undefined;
      }
    }
  }

  async #make(jsm: JetStreamManager, config: AddedStream): Promise<void> {
    const make = (copies: number) => jsm.streams.add({ ...config, num_replicas: copies });
    await this.#copies.make(config.num_replicas, make);
  }
}

type AddedStream = Parameters<JetStreamManager['streams']['add']>[0] & { readonly num_replicas: number };

const found = <T>(request: Promise<T>) => orNull(request, STREAM_NOT_FOUND, CONSUMER_NOT_FOUND);
