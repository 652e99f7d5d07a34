import type { KubeObject } from '../api/kube-object.ts';
import { backoffMs } from '../backoff.ts';
import { type Clock, delay } from '../clock.ts';
import { ApiError, apiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { jsonLines } from './json-lines.ts';
import type { Resource } from './resources.ts';
import type { Kept, Store } from './store.ts';

export interface ReflectorOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly labelSelector: string;
  readonly store: Pick<Store<unknown>, 'project' | 'replace' | 'event' | 'progress'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of every failed list or watch, and why it went on. */
  readonly onFailure: (resource: Resource, error: unknown, retryMs: number) => void;
}

type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: KubeObject }
  | {
      readonly type: 'ERROR';
      readonly object: { readonly code?: number; readonly reason?: string; readonly message?: string };
    };

const PAGE = 500;
const BACKOFF = { baseMs: 500, maxMs: 30_000 };
const WATCH_SECONDS = 240;
/** Bookmarks come about once a minute; a watch that is silent for longer is on a dead connection. */
const SILENCE_MS = 150_000;
/** A watch that fails this often in a row may ask for a version the server does not have: list again. */
const FAILURES_BEFORE_LIST = 5;

/**
 * Keeps a {@link Store} equal to the API server's objects of one kind, for ever: lists in pages, watches from there, resumes
 * after every end, lists again when the server has forgotten the version.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  #version: string | undefined;
  #markSynced: () => void = () => {};
  /** Resolves when the first list is in the store. */
  readonly synced: Promise<void>;
  #isSynced = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.synced = new Promise(resolve => {
      this.#markSynced = resolve;
    });
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        const startedAt = this.#options.clock.now();
        await this.#watch(signal);
        // A server that ends every watch at once must not be asked in a loop.
        if (this.#options.clock.now() - startedAt < 1_000) await delay(this.#options.clock, BACKOFF.baseMs, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        const gone = error instanceof ApiError && error.code === 410;
        if (gone || failures % FAILURES_BEFORE_LIST === 0) this.#version = undefined;
        const retryMs = backoffMs(BACKOFF, failures, this.#options.random());
        this.#options.onFailure(this.#options.resource, error, retryMs);
        await delay(this.#options.clock, retryMs, signal);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector, store } = this.#options;
    const list: Kept<unknown>[] = [];
    let next: string | undefined;
    let version: string;
    do {
      const page = await client.list<KubeObject>(resource, namespace, {
        limit: String(PAGE),
        ...(labelSelector === '' ? {} : { labelSelector }),
        ...(next ? { continue: next } : {}),
      });
      const { apiVersion, kind } = resource;
      for (const kept of store.project(page.items.map(item => ({ ...item, apiVersion, kind })))) list.push(kept);
      version = page.metadata.resourceVersion;
      next = page.metadata.continue || undefined;
    } while (next);
    store.replace(list, version);
    this.#version = version;
    this.#isSynced = true;
    this.#markSynced();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, clock, random } = this.#options;
    const silence = new AbortController();
    let cancel = () => {};
    const heard = () => {
      cancel();
      cancel = clock.after(SILENCE_MS, () => silence.abort(new Error('the watch fell silent')));
    };
    heard();
    try {
      const stream = await client.watch(
        resource,
        namespace,
        {
          resourceVersion: this.#version ?? '',
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + random() / 4))),
          ...(labelSelector === '' ? {} : { labelSelector }),
        },
        AbortSignal.any([signal, silence.signal]),
      );
      for await (const event of jsonLines<WatchEvent>(stream, heard)) this.#handle(event);
    } finally {
      cancel();
    }
  }

  #handle(event: WatchEvent): void {
    if (event.type === 'ERROR') throw apiError(event.object.code ?? 500, JSON.stringify(event.object));
    this.#version = event.object.metadata.resourceVersion;
    if (event.type === 'BOOKMARK') this.#options.store.progress(this.#version ?? '0');
    else this.#options.store.event(event.type, event.object);
  }
}
