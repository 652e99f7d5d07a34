import { ALL_REVISIONS } from '../../../operator/api/serving.ts';
import { type ApiServer, SERVICE } from './api-server.ts';
import type { Kubelet } from './kubelet.ts';
import type { PodObject } from './objects.ts';
import type { Wishes } from './observe.ts';
import type { Timeline } from './timeline.ts';

/** After a fault of the surroundings nothing can be asked of the operator for so long. */
const GRACE_MS = 30_000;

/** Looks at what really is, each time it changes, and writes down what must never be. */
export class Watchdog {
  readonly violations: string[] = [];
  /** Pods that tell nobody what they hold, and whether they refuse clients. */
  readonly silent = new Set<string>();
  readonly #api: ApiServer;
  readonly #time: Timeline;
  readonly #kubelet: Kubelet;
  readonly #wishes: Readonly<Wishes>;
  readonly #intents = new Map<string, { readonly intent: PodObject['intent']; readonly since: number }>();
  #disturbedAt = Number.NEGATIVE_INFINITY;
  #served = false;

  constructor(api: ApiServer, time: Timeline, kubelet: Kubelet, wishes: Readonly<Wishes>) {
    this.#api = api;
    this.#time = time;
    this.#kubelet = kubelet;
    this.#wishes = wishes;
    api.slices.watch(() => this.#checkOffered());
    api.pods.watch((pod, stored) => {
      if (!stored) this.#intents.delete(pod.name);
      else if (this.#intents.get(pod.name)?.intent !== pod.intent)
        this.#intents.set(pod.name, { intent: pod.intent, since: time.now });
      this.#checkOffered();
    });
    api.services.watch(({ serving }) => this.#checkServing(serving));
  }

  /** The surroundings broke something: a crash, an eviction, an outage, or a person who wants another size. */
  disturbed(): void {
    this.#disturbedAt = this.#time.now;
  }

  get #isCalm(): boolean {
    return this.#time.now - this.#disturbedAt > GRACE_MS && !this.#api.away;
  }

  #checkOffered(): void {
    if (this.#wishes.size === 0) {
      this.#served = false;
      return;
    }
    const offered = this.#api.slices.get(SERVICE)?.pods ?? [];
    // Of a silent one that was opened again nobody can know when it has heard of it.
    const accepts = (name: string) => this.#kubelet.gateway(name)?.accepts || this.silent.has(name);
    const serves = (name: string) => this.#api.pods.get(name)?.ready && accepts(name);
    if (offered.some(serves)) this.#served = true;
    else if (this.#served && this.#isCalm) {
      this.#violated('no ready gateway is offered');
      this.#served = false;
    }
  }

  #checkServing(serving: string): void {
    const serves = this.#api.pods.list().some(pod => pod.revision === serving && pod.ready && !pod.terminating);
    if (serving !== ALL_REVISIONS && this.#wishes.size > 0 && this.#served && this.#isCalm && !serves)
      this.#violated(`the Service selects ${serving}, which has no ready pod`);
  }

  /** A ReplicaSet has chosen `pod`. */
  checkRemoval(pod: PodObject): void {
    const connections = this.#kubelet.gateway(pod.name)?.connections ?? 0;
    const isOffered = this.#api.slices.get(SERVICE)?.pods.includes(pod.name);
    if (isOffered && pod.ready && pod.intent === undefined) this.#violated(`${pod.name} is removed and was no victim`);
    const { since = this.#time.now } = this.#intents.get(pod.name) ?? {};
    const late = this.#time.now - since >= (pod.intent?.waitSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
    if (connections > 0 && !late)
      this.#violated(`${pod.name} is removed with ${connections} connections before its deadline`);
  }

  #violated(what: string): void {
    this.violations.push(`${this.#time.seconds} s: ${what}`);
  }
}
