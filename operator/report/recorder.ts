import { createHash } from 'node:crypto';
import type { Clock } from '../../server/time/clock.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { microTime } from '../api/micro-time.ts';
import type { KubeClient } from '../kube/client.ts';
import { RESOURCES } from '../kube/resources.ts';
import { keyOf } from '../kube/store.ts';
import type { Notice } from './notices.ts';

export interface RecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly clock: Clock;
  /** `reportingController` of the Events. */
  readonly controller: string;
  /** Name of this process: the pod's. */
  readonly instance: string;
  readonly onFailure: (error: unknown) => void;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  lastAt: number;
  count: number;
  writtenAt: number;
}

/** Milliseconds within which equal notices are one Event with a count. */
const SERIES_MS = 10 * 60_000;
/** Shortest time between two writes of one series, in milliseconds. */
const SERIES_WRITE_MS = 60_000;
/** Limit of a note; `Event.note` may have 1 KiB. */
const NOTE_CHARACTERS = 1_000;
/** Requests at the same time; further notices are dropped. */
const MAX_IN_FLIGHT = 32;

/**
 * Writes notices as Events (events.k8s.io/v1). It neither delays nor fails a pass: notices are dropped while the API server
 * cannot keep up.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  /** Series by `namespace/name` of the object they are about, then by id. */
  readonly #series = new Map<string, Map<string, Series>>();
  #inFlight = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Writes an Event, or counts it as another one of a series. Returns at once. */
  record(regarding: KubeObject, notice: Notice): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#sweep(now);
    const id = createHash('sha256')
      .update(JSON.stringify([regarding.metadata.uid, notice]))
      .digest('hex')
      .slice(0, 16);
    const about = keyOf(regarding);
    const known = this.#series.get(about)?.get(id);
    if (known && now - known.lastAt <= SERIES_MS) {
      known.count++;
      known.lastAt = now;
      if (now - known.writtenAt < SERIES_WRITE_MS) return;
      known.writtenAt = now;
      this.#write(about, id, () =>
        this.#options.client.patch(RESOURCES.events, known.namespace, known.name, {
          series: { count: known.count, lastObservedTime: microTime(new Date(clock.wallClock())) },
        }),
      );
      return;
    }
    const namespace = regarding.metadata.namespace ?? 'default';
    const name = `${regarding.metadata.name}.${clock.wallClock().toString(36)}${id}`;
    const all = this.#series.get(about) ?? new Map<string, Series>();
    this.#series.set(about, all.set(id, { name, namespace, lastAt: now, count: 1, writtenAt: now }));
    this.#write(about, id, () =>
      this.#options.client.create(RESOURCES.events, this.#event(regarding, notice, namespace, name)),
    );
  }

  /** Forgets all series of an object that is gone. @param about its `namespace/name` */
  forget(about: string): void {
    this.#series.delete(about);
  }

  /** Forgets ended series, at most once a minute: with thousands of ChatClusters there are many. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SERIES_WRITE_MS) return;
    this.#sweptAt = now;
    for (const [about, all] of this.#series) {
      for (const [id, series] of all) if (now - series.lastAt > SERIES_MS) all.delete(id);
      if (all.size === 0) this.#series.delete(about);
    }
  }

  #event({ apiVersion, kind, metadata }: KubeObject, notice: Notice, namespace: string, name: string): KubeObject {
    const { controller, instance, clock } = this.#options;
    const event = {
      apiVersion: RESOURCES.events.apiVersion,
      kind: RESOURCES.events.kind,
      metadata: { name, namespace },
      eventTime: microTime(new Date(clock.wallClock())),
      reportingController: controller,
      reportingInstance: instance,
      type: notice.type,
      reason: notice.reason,
      action: notice.action,
      note: notice.note.slice(0, NOTE_CHARACTERS),
      regarding: { apiVersion, kind, name: metadata.name, namespace, uid: metadata.uid },
    };
    return event;
  }

  #write(about: string, id: string, send: () => Promise<unknown>): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      this.#series.get(about)?.delete(id);
      return;
    }
    this.#inFlight++;
    send()
      .catch((error: unknown) => {
        // No Event exists to count on: the next notice creates one.
        this.#series.get(about)?.delete(id);
        this.#options.onFailure(error);
      })
      .finally(() => this.#inFlight--);
  }
}
