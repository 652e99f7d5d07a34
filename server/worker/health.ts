import { COPIES } from '../bus/copies.ts';
import type { BackendHealth, LogSpace } from '../contract/backends.ts';
import type { Clock } from '../time/clock.ts';
import { NEARLY_FULL, PRESSED_ABOVE } from './purge-plan.ts';

/** How long the reason keeps telling of a stream that vanished or ran back. */
const TELL_MS = 600_000;

const WORST_FIRST: readonly LogSpace[] = ['NearlyFull', 'WindowShortened'];
const percent = (share: number) => `${Math.round(100 * share)} %`;
/** Without numbers that move, because they become a condition. */
const ROOM_REASONS: Readonly<Record<Exclude<LogSpace, 'Enough'>, string>> = {
  NearlyFull: `messages that MongoDB does not have yet fill more than ${percent(NEARLY_FULL)} of maxBytes; when it is full, publishes are refused`,
  WindowShortened: `stored messages are removed before the hot window has passed, because the stream filled above ${percent(PRESSED_ABOVE)} of maxBytes`,
};

/** What a worker knows of NATS and MongoDB, with reasons that people can act on. */
export class Health {
  readonly #clock: Clock;
  readonly #partitions: number;
  #nats = 'not connected yet';
  #natsUp = false;
  #store = 'not asked yet';
  #storeUp = false;
  readonly #unasked = new Set(['nats', 'store']);
  #allAsked: () => void = () => undefined;
  /** Resolves when NATS and MongoDB have been asked for the first time, whatever came of it. */
  readonly asked = new Promise<void>(resolve => {
    this.#allAsked = resolve;
  });
  readonly #problems = new Map<number, string>();
  readonly #unread = new Map<number, string>();
  readonly #ensured = new Set<number>();
  readonly #lags = new Map<number, number>();
  readonly #rooms = new Map<number, LogSpace>();
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

  natsIs(up: boolean, reason: string): void {
    this.#natsUp = up;
    this.#nats = reason;
    this.#askedFor('nats');
  }

  storeIs(up: boolean, reason: string): void {
    this.#storeUp = up;
    this.#store = reason;
    this.#askedFor('store');
  }

  /** @param problem null when the partition's streams are right */
  streamsAre(partition: number, problem: string | null): void {
    if (problem === null) {
      this.#problems.delete(partition);
      this.#ensured.add(partition);
    } else this.#problems.set(partition, problem);
  }

  /** @param problem null when the partition's messages can be read again */
  readingIs(partition: number, problem: string | null): void {
    if (problem === null) this.#unread.delete(partition);
    else this.#unread.set(partition, problem);
  }

  /** Something that people should know of although it is over. */
  incident(text: string): void {
    this.#incident = { text, at: this.#clock.now() };
  }

  lagIs(partition: number, messages: number): void {
    this.#lags.set(partition, messages);
  }

  logIs(partition: number, room: LogSpace): void {
    this.#rooms.set(partition, room);
  }

  /** @param whyNotMore empty where an option says how many, undefined while NATS has not been asked for more */
  copiesAre(partition: number, copies: number, whyNotMore: string | undefined): void {
    this.#copies.set(partition, copies);
    this.#whyNotMore = whyNotMore;
  }

  /** Whether all streams have been right once. */
  get complete(): boolean {
    return this.#ensured.size === this.#partitions;
  }

  report(): BackendHealth {
    let storeLag = 0;
    for (const lag of this.#lags.values()) storeLag += lag;
    const store = { reachable: this.#storeUp, reason: this.#store };
    return { nats: this.#natsReport(), store, storeLag, log: this.#logReport(), ...this.#copiesReport() };
  }

  /** Nothing until all partitions have been looked at. */
  #copiesReport(): Pick<BackendHealth, 'copies'> {
    if (this.#copies.size < this.#partitions) return {};
    const fewest = Math.min(...this.#copies.values());
    const whyNotMore = fewest < COPIES ? this.#whyNotMore : '';
    return { copies: { fewest, ...(whyNotMore === undefined ? {} : { whyNotMore }) } };
  }

  #logReport(): NonNullable<BackendHealth['log']> {
    const room = WORST_FIRST.find(each => [...this.#rooms.values()].includes(each)) ?? 'Enough';
    const streams = [...this.#rooms]
      .filter(([, each]) => each === room)
      .map(([partition]) => this.#streamOf(partition));
    return { room, reason: room === 'Enough' ? '' : `${streams.sort().join(', ')}: ${ROOM_REASONS[room]}` };
  }

  #askedFor(backend: string): void {
    if (this.#unasked.delete(backend) && this.#unasked.size === 0) this.#allAsked();
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
          : 'the streams are not made before MongoDB tells how far it is',
      };
    const { text, at } = this.#incident ?? { text: '', at: Number.NEGATIVE_INFINITY };
    return { reachable: true, reason: this.#clock.now() - at < TELL_MS ? text : this.#nats };
  }
}
