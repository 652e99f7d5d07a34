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
  /** Told of every failed list or watch, and why it went on. */
  readonly onFailure: (resource: Resource, error: unknown, retryMs: number) => void;
  /** Told when lists and watches succeed again. */
  readonly onRecovered?: (resource: Resource) => void;
  /** Told when a list is complete and in the store. @param ms how long it took */
  readonly onListed?: (resource: Resource, cause: ListCause, ms: number) => void;
  /** Told of every event of a watch. */
  readonly onEvent?: (resource: Resource, type: EventType) => void;
}

type WatchEvent =
  | { readonly type: EventType; readonly object: KubeObject }
  | {
      readonly type: 'ERROR';
      readonly object: { readonly code?: number; readonly reason?: string; readonly message?: string };
    };

/** How a reflector does. */
export interface ReflectorState {
  /** Whether the first list is in the store. */
  readonly isSynced: boolean;
  /** Whether it is, or there is no use in waiting for it. */
  readonly isSettled: boolean;
  /** Whether the API server keeps refusing the kind: a right is missing, or it has no such kind. */
  readonly isRefused: boolean;
  /** How long lists and watches have been failing; 0 while all is well. */
  readonly failingMs: number;
  /** Why the last one failed; empty while all is well. */
  readonly problem: string;
  /** How long nothing at all has happened, not even a failure. */
  readonly idleMs: number;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };
const WATCH_SECONDS = 240;
/** Bookmarks come about once a minute; a watch that is silent for longer is on a dead connection. */
const WATCH_SILENCE_MS = 150_000;
/** The API server itself ends a list after 60 s. */
const LIST_SILENCE_MS = 60_000;
/** A kind that cannot be listed for so long is done without, if it can be. */
const GIVE_UP_MS = 30_000;
/** Answers to who may not, or asks for a kind that is not there. */
const REFUSALS: readonly number[] = [403, 404];
/** An API server that has just started does not know all roles yet. */
const REFUSED_MS = 10_000;

/**
 * Keeps a {@link Store} equal to the API server's objects of one kind, for ever: lists, watches from there, resumes after
 * every end, lists again when the server has forgotten the version.
 *
 * A list is a watch that begins with all objects, where the server knows such watches: then neither of the two holds all of them
 * at once. Else it is a list. Both are served from the API server's cache.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  #version = ANY_VERSION;
  #wanted: WantedList | undefined = { cause: 'Start', version: ANY_VERSION };
  #streamsLists = true;
  /** Since when nothing has come of what was asked; undefined while all is well. */
  #failingSince: number | undefined;
  /** Why the last list or watch failed; undefined while all is well. */
  #error: unknown;
  /** When something last happened. */
  #activeAt: number;
  #isSynced = false;
  #isSettled = false;
  #markSynced: () => void = () => {};
  #markSettled: () => void = () => {};
  /** Resolves when the first list is in the store. */
  readonly synced: Promise<void>;
  /** Resolves when it is, or when there is no use in waiting for it: the kind is refused, or fails for 30 s. */
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

  /** Runs until `signal` aborts. */
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
        if (this.#doesWithoutStream(error)) continue;
        const isShort = clock.now() - startedAt < BACKOFF.maxMs;
        failures = isShort ? failures + 1 : 1;
        // A watch that is taken and ends with an error every time is no success in between.
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

  /** Whether a list failed only because it was asked for as a watch. */
  #doesWithoutStream(error: unknown): boolean {
    if (!this.#wanted || !this.#streamsLists) return false;
    if (!isNotUnderstood(error) && !(error instanceof NoEndOfInitialEvents)) return false;
    this.#streamsLists = false;
    return true;
  }

  async #list({ version }: WantedList, signal: AbortSignal): Promise<void> {
    const { client, clock, store } = this.#options;
    const startedAt = clock.now();
    const idle = new IdleTimeout(clock, LIST_SILENCE_MS, signal);
    const heard = () => this.#heard(idle);
    try {
      const listed = await listAll(client, this.#options, store, version, idle.signal, heard);
      this.#took(listed, startedAt);
    } catch (error) {
      throw idle.isExpired ? new IdleTimeoutError(idle.ms) : error;
    } finally {
      idle.end();
    }
  }

  #heard(idle: IdleTimeout): void {
    idle.reset();
    this.#activeAt = this.#options.clock.now();
  }

  #took({ objects, version }: Listed, startedAt: number): void {
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

  /** Follows what happens, after all that is there if a list is wanted. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, clock, store } = this.#options;
    const startedAt = clock.now();
    let initial = this.#wanted && new InitialEvents(store);
    const idle = new IdleTimeout(clock, initial ? LIST_SILENCE_MS : WATCH_SILENCE_MS, signal);
    let isHeard = false;
    try {
      const stream = await client.open('watch', resource, namespace, this.#watchQuery(), idle.signal);
      if (!initial) this.#recovered();
      for await (const event of jsonLines<WatchEvent>(stream, () => this.#heard(idle))) {
        isHeard = true;
        if (initial) {
          const listed = this.#takeInitial(initial, event);
          if (!listed) continue;
          initial = undefined;
          this.#took(listed, startedAt);
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

  /** What cannot be taken is not passed over: the watch begins with it again. */
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
