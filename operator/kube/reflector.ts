import { backoffMs } from '../../server/time/backoff.ts';
import { type Clock, sleep } from '../../server/time/clock.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { ApiError, apiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { errorText } from './error-text.ts';
import { IdleTimeout, IdleTimeoutError } from './idle-timeout.ts';
import { InitialEvents, NoEndOfInitialEvents } from './initial-events.ts';
import { jsonLines } from './json-lines.ts';
import { ANY_VERSION, type Listed, listAll, NEWEST_VERSION, type Selection } from './list.ts';
import type { Resource } from './resources.ts';
import type { Store } from './store.ts';
import { isNotUnderstood, type ListCause, type WantedList, wantedAfter } from './wanted-list.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface ReflectorOptions extends Selection {
  readonly client: Pick<KubeClient, 'open'>;
  readonly store: Pick<Store<unknown>, 'project' | 'replace' | 'event' | 'progress'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called after every failed list or watch. @param retryMs time until the next attempt */
  readonly onFailure: (resource: Resource, error: unknown, retryMs: number) => void;
  /** Called when lists and watches succeed again after failures. */
  readonly onRecovered?: (resource: Resource) => void;
  /** Called when a complete list is in the store. @param ms duration of the list */
  readonly onListed?: (resource: Resource, cause: ListCause, ms: number) => void;
  /** Called for every event of a watch. */
  readonly onEvent?: (resource: Resource, type: EventType) => void;
}

type WatchEvent =
  | { readonly type: EventType; readonly object: KubeObject }
  | {
      readonly type: 'ERROR';
      readonly object: { readonly code?: number; readonly reason?: string; readonly message?: string };
    };

/** Health of a reflector. */
export interface ReflectorState {
  /** True once the first list is in the store. */
  readonly isSynced: boolean;
  /** True once the first list is in the store, or waiting for it is useless: see {@link Reflector.settled}. */
  readonly isSettled: boolean;
  /** True if the API server keeps refusing the kind: a right is missing, or the kind does not exist there. */
  readonly isRefused: boolean;
  /** Milliseconds for which lists and watches have been failing; 0 while they succeed. */
  readonly failingMs: number;
  /** Text of the last failure; empty while lists and watches succeed. */
  readonly problem: string;
  /** Milliseconds without any progress: no bytes, no attempt, no failure. A large number means that the reflector hangs. */
  readonly idleMs: number;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };
const WATCH_SECONDS = 240;
/** Bookmarks arrive about once a minute; a watch that is silent for longer is on a dead connection. */
const WATCH_SILENCE_MS = 150_000;
/** The API server itself ends a list after 60 s. */
const LIST_SILENCE_MS = 60_000;
/** Time after which a kind that cannot be listed counts as settled, so that the operator can start without it if it may. */
const GIVE_UP_MS = 30_000;
/** Statuses for a missing right and for a kind that does not exist. */
const REFUSALS: readonly number[] = [403, 404];
/** Time for which a refusal must last: an API server that has just started does not know all roles yet. */
const REFUSED_MS = 10_000;

/**
 * Keeps a {@link Store} equal to the API server's objects of one kind, for ever: it lists, watches from the version of the
 * list, resumes after every end, and lists again when the server has forgotten the version.
 *
 * Where the server supports it, the list is a watch with initial events, so that neither side holds all objects at once;
 * else it is a plain list. Both are answered from the API server's cache.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  #version = ANY_VERSION;
  #wanted: WantedList | undefined = { cause: 'Start', version: ANY_VERSION };
  #streamsLists = true;
  /** Time of the first failure in a row, by the clock; undefined while lists and watches succeed. */
  #failingSince: number | undefined;
  /** Error of the last failure; undefined before the first. */
  #error: unknown;
  /** Time of the last progress, by the clock. */
  #activeAt: number;
  #isSynced = false;
  #isSettled = false;
  #markSynced: () => void = () => {};
  #markSettled: () => void = () => {};
  /** Resolves when the first list is in the store. */
  readonly synced: Promise<void>;
  /**
   * Resolves when the first list is in the store, or when waiting for it is useless: the kind is refused for 10 s, or fails
   * for 30 s.
   */
  readonly settled: Promise<void>;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#activeAt = options.clock.now();
    this.synced = new Promise(resolve => {
      this.#markSynced = resolve;
    });
    this.settled = new Promise(resolve => {
      this.#markSettled = resolve;
    });
  }

  get state(): ReflectorState {
    const now = this.#options.clock.now();
    const failingMs = now - (this.#failingSince ?? now);
    const isFailing = this.#failingSince !== undefined;
    const refuses = this.#error instanceof ApiError && REFUSALS.includes(this.#error.code);
    return {
      isSynced: this.#isSynced,
      isSettled: this.#isSettled,
      isRefused: isFailing && refuses && failingMs >= REFUSED_MS,
      failingMs,
      problem: isFailing ? errorText(this.#error) : '',
      idleMs: now - this.#activeAt,
    };
  }

  /** Lists and watches until `signal` aborts; never rejects. Must be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, onFailure, resource } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = clock.now();
      this.#activeAt = startedAt;
      const failingSince = this.#failingSince;
      try {
        if (this.#wanted && !this.#streamsLists) await this.#list(this.#wanted, signal);
        await this.#watch(signal);
        failures = 0;
        // A server that ends every watch at once must not be asked in a loop.
        if (clock.now() - startedAt < 1_000) await sleep(clock, BACKOFF.baseMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#fallsBackToPlainList(error)) continue;
        const isShort = clock.now() - startedAt < BACKOFF.maxMs;
        failures = isShort ? failures + 1 : 1;
        // A watch that is accepted and then always ends with an error does not count as a success.
        this.#failingSince ??= isShort ? (failingSince ?? startedAt) : clock.now();
        this.#error = error;
        this.#wanted = wantedAfter(error, this.#wanted, this.#version, clock.now() - this.#failingSince);
        const { isRefused, failingMs } = this.state;
        if (isRefused || failingMs >= GIVE_UP_MS) this.#settle();
        const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : 0;
        const retryMs = Math.max(backoffMs(BACKOFF, failures, random()), retryAfterMs);
        onFailure(resource, error, retryMs);
        await sleep(clock, retryMs, signal);
      }
    }
  }

  /** True if a list failed only because it was requested as a watch with initial events. Later lists are plain ones. */
  #fallsBackToPlainList(error: unknown): boolean {
    if (!this.#wanted || !this.#streamsLists) return false;
    if (!isNotUnderstood(error) && !(error instanceof NoEndOfInitialEvents)) return false;
    this.#streamsLists = false;
    return true;
  }

  async #list({ version }: WantedList, signal: AbortSignal): Promise<void> {
    const { client, clock, store } = this.#options;
    const startedAt = clock.now();
    const idle = new IdleTimeout(clock, LIST_SILENCE_MS, signal);
    const onBytes = () => this.#onBytes(idle);
    try {
      const listed = await listAll(client, this.#options, store, version, idle.signal, onBytes);
      this.#storeList(listed, startedAt);
    } catch (error) {
      throw idle.isExpired ? new IdleTimeoutError(idle.ms) : error;
    } finally {
      idle.end();
    }
  }

  #onBytes(idle: IdleTimeout): void {
    idle.reset();
    this.#activeAt = this.#options.clock.now();
  }

  #storeList({ objects, version }: Listed, startedAt: number): void {
    const { store, clock, resource, onListed } = this.#options;
    const cause = this.#wanted?.cause ?? 'Start';
    store.replace(objects, version);
    this.#version = version;
    this.#wanted = undefined;
    this.#isSynced = true;
    this.#markSynced();
    this.#settle();
    this.#recovered();
    onListed?.(resource, cause, clock.now() - startedAt);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#markSettled();
  }

  #recovered(): void {
    if (this.#failingSince === undefined) return;
    this.#failingSince = undefined;
    this.#options.onRecovered?.(this.#options.resource);
  }

  /** Watches from the known version, or with initial events if a list is wanted, until the server ends the watch. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, clock, store } = this.#options;
    const startedAt = clock.now();
    let initial = this.#wanted && new InitialEvents(store);
    const idle = new IdleTimeout(clock, initial ? LIST_SILENCE_MS : WATCH_SILENCE_MS, signal);
    let isHeard = false;
    try {
      const stream = await client.open('watch', resource, namespace, this.#watchQuery(), idle.signal);
      if (!initial) this.#recovered();
      for await (const event of jsonLines<WatchEvent>(stream, () => this.#onBytes(idle))) {
        isHeard = true;
        if (initial) {
          const listed = this.#takeInitial(initial, event);
          if (!listed) continue;
          initial = undefined;
          this.#storeList(listed, startedAt);
          idle.allow(WATCH_SILENCE_MS);
        } else this.#take(event);
      }
      if (initial && !signal.aborted) throw new NoEndOfInitialEvents();
    } catch (error) {
      if (!idle.isExpired) throw error;
      throw initial && isHeard ? new NoEndOfInitialEvents() : new IdleTimeoutError(idle.ms);
    } finally {
      idle.end();
    }
  }

  #watchQuery(): Readonly<Record<string, string>> {
    const { labelSelector, random } = this.#options;
    const { version } = this.#wanted ?? {};
    const from =
      version === undefined
        ? { resourceVersion: this.#version }
        : {
            sendInitialEvents: 'true',
            resourceVersion: version === ANY_VERSION ? NEWEST_VERSION : version,
            resourceVersionMatch: 'NotOlderThan',
          };
    return {
      ...from,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + random() / 4))),
      ...(labelSelector === '' ? {} : { labelSelector }),
    };
  }

  #takeInitial(initial: InitialEvents, event: WatchEvent): Listed | undefined {
    if (event.type === 'ERROR') throw errorOf(event);
    return initial.take(event.type, event.object);
  }

  /**
   * Puts one event into the store. If that throws, the version is not advanced, so the watch resumes with the same event.
   */
  #take(event: WatchEvent): void {
    if (event.type === 'ERROR') throw errorOf(event);
    const { store, resource, onEvent } = this.#options;
    const { resourceVersion = '0' } = event.object.metadata;
    if (event.type === 'BOOKMARK') store.progress(resourceVersion);
    else store.event(event.type, event.object);
    this.#version = resourceVersion;
    onEvent?.(resource, event.type);
  }
}

function errorOf({ object }: Extract<WatchEvent, { type: 'ERROR' }>): ApiError {
  return apiError(object.code ?? 500, JSON.stringify(object));
}
