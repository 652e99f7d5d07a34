import { DeliverPolicy, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { StoredFloor } from '../room/history-store.ts';
import type { Moment } from '../time/clock.ts';
import { COPIES, Copies } from './copies.ts';
import type { Delivery } from './delivery.ts';
import { EPOCH_KEY, epochOf, newEpoch, type WithMetadata } from './epoch.ts';
import { CONSUMER_NOT_FOUND, managerOf, orNull, STREAM_NOT_FOUND } from './jetstream-api.ts';
import { lift } from './lift.ts';
import type { Names } from './names.ts';
import { refill } from './refill.ts';
import { FROM_KEY } from './refill-plan.ts';
import { specMetadata } from './spec-version.ts';
import { lastConfig, liveConfig, logConfig, type StreamOptions, storeConsumerConfig } from './stream-config.ts';
import { type Lock, LockLost, raiseLock, withLock } from './stream-lock.ts';
import {
  type ObservedStreams,
  planRaise,
  planStreams,
  type StreamStep,
  stalled,
  type WantedStreams,
} from './stream-plan.ts';

export interface StreamsDeps {
  readonly names: Names;
  readonly options: StreamOptions;
  /** Name of this process. */
  readonly holder: string;
  /** How far MongoDB has a partition. No LOG stream is made while this rejects. */
  floor(partition: number): Promise<StoredFloor>;
  /** See {@link MessageWriter.settle}. */
  settle(partition: number, upTo: number): Promise<void>;
  /** Stores messages that are about to be removed by a lift. Resolves when they are safe. */
  rescue(partition: number, messages: readonly Delivery[], epoch: string): Promise<void>;
  /** Told of every change, after it was made. */
  changed(partition: number, step: StreamStep): void;
  /** Told why NATS keeps fewer copies than there are to be, when that is news. */
  fewCopies(reason: string): void;
  readonly now: () => Moment;
}

export interface PartitionState {
  readonly epoch: string;
  readonly last: number;
  /** Servers that keep each of its streams, by the one that the fewest keep. */
  readonly copies: number;
}

const LOCK_WAIT_MS = 10_000;
const ROUNDS = 4;
const MIRROR_WAIT_MS = 1_000;
const MIRROR_LOOK_MS = 100;

/**
 * Keeps the streams as the options want them. Only workers do this, under a lock; gateways never create a stream.
 * Look, plan, and only if there is something to change: lock, look again, plan, change, look again.
 */
export class Streams {
  readonly #connection: NatsConnection;
  readonly #deps: StreamsDeps;
  readonly #copies: Copies;
  /** True once the lock's bucket has as many copies as the streams are to have. */
  #lockRaised = false;
  /** Highest sequence seen by partition: a stream that vanished took its own with it. */
  readonly #seen = new Map<number, number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(connection: NatsConnection, deps: StreamsDeps) {
    this.#connection = connection;
    this.#deps = deps;
    this.#copies = new Copies(deps.options.streamReplicas, deps.now, deps.fewCopies);
  }

  /** Why NATS keeps no more copies than {@link PartitionState.copies}; empty where an option says how many. */
  get whyNotMore(): string | undefined {
    return this.#copies.reason;
  }

  /**
   * Makes one partition's LOG, LIVE, LAST and consumer right, and tells LOG's state.
   * @throws the reason, of NATS or of the store, that kept it from being right; calling again is always safe
   */
  async ensure(partition: number): Promise<PartitionState> {
    const jsm = await this.#manager();
    for (let round = 1; ; round++) {
      const { observed, steps, unknown, wanted } = await this.#look(jsm, partition, MIRROR_WAIT_MS);
      if (steps.length === 0 && unknown !== null) throw unknown; // all that could be done without MongoDB is done
      if (steps.length === 0 && observed.log) {
        const last = observed.log.state.last_seq;
        this.#seen.set(partition, Math.max(last, this.#seen.get(partition) ?? 0));
        return { epoch: epochOf(observed.log), last, copies: fewest(observed) };
      }
      if (round === ROUNDS) throw new Error(`stream ${wanted.log.name} stays different: ${JSON.stringify(steps)}`);
      await this.#locked(async held => {
        const { steps, wanted } = await this.#look(jsm, partition, 0); // another worker may have been faster
        await this.#takeSteps(jsm, partition, wanted, steps, held);
      });
    }
  }

  /**
   * Gives streams more copies where no option says how many and NATS may have got more servers, now and then. What keeps it from
   * that is told and otherwise of no weight: the streams are right as they are.
   * @param state what {@link ensure} said last
   * @returns whether streams have more than that
   */
  async raise(partition: number, { copies }: PartitionState): Promise<boolean> {
    if ((copies >= COPIES && this.#lockRaised) || !this.#copies.isDue(partition)) return false;
    let raised = false;
    try {
      const jsm = await this.#manager();
      await this.#locked(async held => {
        if (!this.#lockRaised) await raiseLock(jsm, this.#deps.names.lockBucket, COPIES);
        this.#lockRaised = true;
        const { observed, wanted, steps } = await this.#look(jsm, partition, 0);
        if (steps.length > 0) return; // first they are made right
        const more = { ...wanted, ...copiesOf(wanted, COPIES) };
        const raises = planRaise(observed, more);
        await this.#takeSteps(jsm, partition, more, raises, held);
        raised = raises.length > 0;
      });
    } catch (error) {
      if (!(error instanceof LockLost)) this.#copies.failed(error);
    }
    return raised;
  }

  #manager(): Promise<JetStreamManager> {
    return managerOf(this.#connection);
  }

  /** One partition of this process at a time: they would only wait for each other's lock. */
  #locked(work: (held: Lock) => Promise<void>): Promise<void> {
    const { names, holder } = this.#deps;
    const lock = { bucket: names.lockBucket, copies: this.#copies, holder, waitMs: LOCK_WAIT_MS };
    const change = this.#turn.then(() => withLock(this.#connection, lock, work));
    this.#turn = change.catch(() => undefined);
    return change;
  }

  async #takeSteps(
    jsm: JetStreamManager,
    partition: number,
    wanted: WantedStreams,
    steps: readonly StreamStep[],
    held: Lock,
  ): Promise<void> {
    for (const step of steps) {
      held.check();
      await this.#apply(jsm, partition, wanted, step, () => held.check());
      this.#deps.changed(partition, step);
    }
  }

  #wanted(partition: number, held: Pick<ObservedStreams, 'log' | 'live' | 'last'>): WantedStreams {
    const { names, options } = this.#deps;
    const fitted = (stream: StreamInfo | null) => ({
      ...options,
      streamReplicas: this.#copies.forStream(stream?.config.num_replicas),
    });
    return {
      spec: options.specVersion,
      log: logConfig(names, partition, fitted(held.log)),
      live: liveConfig(names, partition, fitted(held.live)),
      consumer: storeConsumerConfig(names, options),
      last: lastConfig(names, partition, fitted(held.last)),
    };
  }

  async #look(jsm: JetStreamManager, partition: number, mirrorMs: number) {
    const { names } = this.#deps;
    const stream = names.logStream(partition);
    // Before the floor: what it has acknowledged by now is in MongoDB.
    const consumer = await found(jsm.consumers.info(stream, names.storeConsumer));
    let unknown: unknown = null;
    const stored = await this.#deps.floor(partition).catch((error: unknown) => {
      unknown = error;
      return null;
    });
    const floor = Math.max(stored?.offset ?? 0, this.#seen.get(partition) ?? 0);
    const live = await this.#mirrorSettled(jsm, names.liveStream(partition), mirrorMs);
    const log = await found(jsm.streams.info(stream));
    const last = await found(jsm.streams.info(names.lastStream(partition)));
    const observed: ObservedStreams = { floor, stored, live, log, consumer, last };
    const wanted = this.#wanted(partition, observed);
    return { observed, steps: planStreams(observed, wanted), unknown, wanted };
  }

  /** A server that comes back needs a moment to join LIVE to LOG. */
  async #mirrorSettled(jsm: JetStreamManager, name: string, ms: number) {
    const deadline = performance.now() + ms;
    for (;;) {
      const live = await found(jsm.streams.info(name));
      if (!live || !stalled(live) || performance.now() > deadline) return live;
      await new Promise(resolve => setTimeout(resolve, MIRROR_LOOK_MS));
    }
  }

  async #apply(
    jsm: JetStreamManager,
    partition: number,
    wanted: WantedStreams,
    step: StreamStep,
    check: () => void,
  ): Promise<void> {
    const { log, live, consumer, last } = wanted;
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
        const held = await jsm.streams.info(log.name);
        const from = step.from === undefined ? {} : { [FROM_KEY]: String(step.from) };
        const { metadata, ...settings } = changed(held, log, step.differences, made);
        const epoch = { [EPOCH_KEY]: epochOf(held) || newEpoch() };
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
          const held = await jsm.streams.info(live.name);
          await jsm.streams.update(live.name, changed(held, live, step.differences, made));
        });
      case 'create-consumer':
        await jsm.consumers.add(log.name, { ...consumer, metadata: made, deliver_policy: DeliverPolicy.All });
        return;
      case 'refill':
        await refill(jsm, log.name, { ...consumer, metadata: made }, step);
        await this.#deps.settle(partition, step.lost?.to ?? 0);
        return;
      case 'update-consumer': {
        const held = await jsm.consumers.info(log.name, consumer.durable_name);
        await jsm.consumers.update(log.name, consumer.durable_name, changed(held, consumer, step.differences, made));
        return;
      }
      case 'create-last':
        await this.#make(jsm, { ...last, metadata: made });
        return;
      case 'update-last': {
        const held = await jsm.streams.info(last.name);
        await jsm.streams.update(last.name, changed(held, last, step.differences, made));
        return;
      }
    }
  }

  async #make(jsm: JetStreamManager, config: AddedStream): Promise<void> {
    const make = (copies: number) => jsm.streams.add({ ...config, num_replicas: copies });
    await this.#copies.make(config.num_replicas, make);
  }
}

type AddedStream = Parameters<JetStreamManager['streams']['add']>[0] & { readonly num_replicas: number };

/** Of the streams of a partition the copies that the fewest servers keep. */
function fewest({ log, live, last }: ObservedStreams): number {
  return Math.min(...[log, live, last].flatMap(stream => stream?.config.num_replicas ?? []));
}

/** The streams of `wanted` with another number of copies. */
function copiesOf({ log, live, last }: WantedStreams, copies: number): Pick<WantedStreams, 'log' | 'live' | 'last'> {
  const more = { num_replicas: copies };
  return { log: { ...log, ...more }, live: { ...live, ...more }, last: { ...last, ...more } };
}

/** The settings that differ, and the spec they come from where that is another. The library adds the others as they are. */
function changed<T extends object>(held: WithMetadata, wanted: T, names: readonly string[], made: Metadata) {
  const settings = Object.fromEntries(Object.entries(wanted).filter(([name]) => names.includes(name))) as Partial<T>;
  const metadata: Metadata = { ...held.config.metadata, ...(names.includes('spec') ? made : {}) };
  return { ...settings, metadata };
}
type Metadata = Readonly<Record<string, string>>;

/**
 * A mirror inherits `allow_direct` of its origin when it is made or changed, and then answers half of the origin's direct
 * gets from the last minutes it holds. So LOG has it off for the moment in which LIVE changes.
 */
async function withoutDirect(jsm: JetStreamManager, log: string, change: () => Promise<void>): Promise<void> {
  await jsm.streams.update(log, { allow_direct: false });
  await change();
  await jsm.streams.update(log, { allow_direct: true });
}

const found = <T>(asked: Promise<T>) => orNull(asked, STREAM_NOT_FOUND, CONSUMER_NOT_FOUND);
