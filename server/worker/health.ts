import { COPIES } from '../bus/copies.ts';
import type { BackendHealth, LogSpace } from '../contract/backends.ts';
import type { Clock } from '../time/clock.ts';
import { FoldHealth } from './fold/fold-health.ts';
import { NEARLY_FULL, PRESSED_ABOVE } from './purge-plan.ts';

/** Time for which an incident is reported as the reason. */
const INCIDENT_MS = 600_000;

const WORST_FIRST: readonly LogSpace[] = ['NearlyFull', 'WindowShortened'];
const percent = (share: number) => `${Math.round(100 * share)} %`;
/** Reasons without changing numbers, because the operator copies them into a condition. */
const SPACE_REASONS: Readonly<Record<Exclude<LogSpace, 'Enough'>, string>> = {
  NearlyFull: `messages that MongoDB does not have yet, or that are inside the deduplication window, fill more than ${percent(NEARLY_FULL)} of maxBytes; when it is full, publishes are refused`,
  WindowShortened: `stored messages are removed before the hot window has passed, because the stream filled above ${percent(PRESSED_ABOVE)} of maxBytes`,
};

/** State of NATS and MongoDB as a worker knows it, with reasons that an administrator can act on. */
export class Health {
  readonly #clock: Clock;
  readonly #partitions: number;
  #nats = 'not connected yet';
  #natsUp = false;
  #store = 'not checked yet';
  #storeUp = false;
  readonly #unchecked = new Set(['nats', 'store']);
  #allChecked: () => void = () => undefined;
  /** Resolves when both NATS and MongoDB have been tried for the first time, successfully or not. */
  readonly checked = new Promise<void>(resolve => {
    this.#allChecked = resolve;
  });
  readonly folds = new FoldHealth();
  readonly #problems = new Map<number, string>();
  readonly #unread = new Map<number, string>();
  readonly #ensured = new Set<number>();
  readonly #storing = new Set<number>();
  readonly #lags = new Map<number, number>();
  readonly #spaces = new Map<number, LogSpace>();
  readonly #copies = new Map<number, number>();
  #whyNotMore: string | undefined;
  readonly #streamOf: (partition: number) => string;
  #incident: { readonly text: string; readonly at: number } | null = null;

  /** @param streamOf name of a partition's LOG stream */
  constructor(partitions: number, streamOf: (partition: number) => string, clock: Clock) {
    this.#partitions = partitions;
    this.#streamOf = streamOf;
    this.#clock = clock;
  }

  /** @param reason of the state, as `/backends` reports it */
  natsIs(up: boolean, reason: string): void {
    this.#natsUp = up;
    this.#nats = reason;
    this.#checked('nats');
  }

  /** @param reason of the state, as `/backends` reports it */
  storeIs(up: boolean, reason: string): void {
    this.#storeUp = up;
    this.#store = reason;
    this.#checked('store');
  }

  /** @param problem null if the streams of the partition are as they should be */
  streamsAre(partition: number, problem: string | null): void {
    if (problem === null) {
      this.#problems.delete(partition);
      this.#ensured.add(partition);
    } else this.#problems.set(partition, problem);
  }

  /** Notes that the messages of a partition are stored: MongoDB has reported which ones it has. */
  storing(partition: number): void {
    this.#storing.add(partition);
  }

  /** @param problem null once the LOG stream of the partition can be read again */
  readingIs(partition: number, problem: string | null): void {
    if (problem === null) this.#unread.delete(partition);
    else this.#unread.set(partition, problem);
  }

  /** Reports an incident as the reason for ten minutes, although it is over. */
  incident(text: string): void {
    this.#incident = { text, at: this.#clock.now() };
  }

  /** @param messages in LOG that MongoDB does not have yet */
  lagIs(partition: number, messages: number): void {
    this.#lags.set(partition, messages);
  }

  logIs(partition: number, space: LogSpace): void {
    this.#spaces.set(partition, space);
  }

  /** @param whyNotMore as in {@link BackendHealth.copies} */
  copiesAre(partition: number, copies: number, whyNotMore: string | undefined): void {
    this.#copies.set(partition, copies);
    this.#whyNotMore = whyNotMore;
  }

  /** True once the streams of every partition have been as they should be. */
  get complete(): boolean {
    return this.#ensured.size === this.#partitions;
  }

  /** True once the messages of every partition have been stored. */
  get ready(): boolean {
    return this.#storing.size === this.#partitions;
  }

  /** State now, as `/backends` answers it. */
  report(): BackendHealth {
    let storeLag = 0;
    for (const lag of this.#lags.values()) storeLag += lag;
    const store = { reachable: this.#storeUp, reason: this.#store };
    const log = this.#logReport();
    return { nats: this.#natsReport(), store, storeLag, log, ...this.#copiesReport(), ...this.folds.report() };
  }

  /** Empty until the copies of all partitions are known. */
  #copiesReport(): Pick<BackendHealth, 'copies'> {
    if (this.#copies.size < this.#partitions) return {};
    const fewest = Math.min(...this.#copies.values());
    const whyNotMore = fewest < COPIES ? this.#whyNotMore : '';
    return { copies: { fewest, ...(whyNotMore === undefined ? {} : { whyNotMore }) } };
  }

  #logReport(): NonNullable<BackendHealth['log']> {
    const space = WORST_FIRST.find(each => [...this.#spaces.values()].includes(each)) ?? 'Enough';
    const streams = [...this.#spaces]
      .filter(([, each]) => each === space)
      .map(([partition]) => this.#streamOf(partition));
    return { room: space, reason: space === 'Enough' ? '' : `${streams.sort().join(', ')}: ${SPACE_REASONS[space]}` };
  }

  #checked(backend: string): void {
    if (this.#unchecked.delete(backend) && this.#unchecked.size === 0) this.#allChecked();
  }

  #natsReport(): BackendHealth['nats'] {
    if (!this.#natsUp) return { reachable: false, reason: this.#nats };
    const [problem = [...this.#unread.values()][0]] = this.#problems.values();
    if (problem !== undefined) return { reachable: false, reason: problem };
    if (!this.complete)
      return {
        reachable: true,
        reason: this.#storeUp
          ? 'the streams are being made'
          : 'the streams are made once MongoDB has reported which messages it has',
      };
    const { text, at } = this.#incident ?? { text: '', at: Number.NEGATIVE_INFINITY };
    return { reachable: true, reason: this.#clock.now() - at < INCIDENT_MS ? text : this.#nats };
  }
}
