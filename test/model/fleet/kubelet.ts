import type { TrafficIntent } from '../../../server/contract/traffic.ts';
import type { ApiServer } from './api-server.ts';
import type { Chance } from './chance.ts';
import { Gateway, type StopTimes } from './gateway.ts';
import type { PodObject } from './objects.ts';
import type { Timeline } from './timeline.ts';

interface Sandbox {
  gateway: Gateway | undefined;
  intent: TrafficIntent | undefined;
  stopping: boolean;
  /** Failures of its probe that last. */
  missing: number;
}

/** Runs the pods of all nodes: starts, probes, restarts and stops their gateways, and hands them their intents. */
export class Kubelet {
  readonly #api: ApiServer;
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #stopTimes: StopTimes;
  readonly #sandboxes = new Map<string, Sandbox>();
  /** Revisions whose gateways are older than the label: an intent always makes them NotReady. */
  readonly old = new Set<string>();
  /** Revisions whose gateways never pass their readiness probe. */
  readonly broken = new Set<string>();

  constructor(api: ApiServer, time: Timeline, chance: Chance, stopTimes: StopTimes) {
    this.#api = api;
    this.#time = time;
    this.#chance = chance;
    this.#stopTimes = stopTimes;
    api.pods.watch((pod, stored) => {
      if (stored) this.#look(pod);
      else this.#sandboxes.delete(pod.name);
    });
  }

  /** The process that answers at the pod's address. */
  gateway(pod: string): Gateway | undefined {
    const gateway = this.#sandboxes.get(pod)?.gateway;
    return gateway?.isGone ? undefined : gateway;
  }

  /** Runs a pod of `revision`, about to be stored, that has been running for long. */
  adopt(pod: string, revision: string): void {
    const gateway = this.#newGateway(revision);
    gateway.started();
    this.#sandboxes.set(pod, { gateway, intent: undefined, stopping: false, missing: 0 });
  }

  /** Kills the container with SIGKILL; it is started again. */
  crash(pod: string): void {
    const sandbox = this.#sandboxes.get(pod);
    if (!sandbox?.gateway || sandbox.gateway.isGone || sandbox.stopping) return;
    sandbox.gateway.crash();
    const restarts = (this.#api.pods.get(pod)?.restarts ?? 0) + 1;
    this.#time.after(this.#chance.between(50, 1_000), () => this.#report(pod, { restarts, running: false }));
    this.#time.after(this.#chance.between(1_000, 8_000), () => this.#startGateway(pod, sandbox));
  }

  #look(pod: PodObject): void {
    if (pod.node === undefined && pod.terminating) return void this.#removeSoon(pod.name);
    if (pod.node === undefined) return;
    let sandbox = this.#sandboxes.get(pod.name);
    if (!sandbox) {
      const fresh: Sandbox = { gateway: undefined, intent: pod.intent, stopping: false, missing: 0 };
      sandbox = fresh;
      this.#sandboxes.set(pod.name, fresh);
      this.#time.after(this.#chance.between(500, 5_000), () => this.#startGateway(pod.name, fresh));
    }
    if (pod.terminating && !sandbox.stopping) this.#stop(pod.name, sandbox);
    if (pod.intent !== sandbox.intent) this.#tell(pod, sandbox);
  }

  #newGateway(revision: string): Gateway {
    return new Gateway(this.#time, this.#chance, this.#stopTimes, this.old.has(revision));
  }

  #startGateway(pod: string, sandbox: Sandbox): void {
    if (sandbox.stopping) return;
    const gateway = this.#newGateway(this.#api.pods.get(pod)?.revision ?? '');
    gateway.follow(sandbox.intent);
    sandbox.gateway = gateway;
    this.#report(pod, { phase: 'Running', running: true });
    this.#time.after(this.#chance.between(300, 1_500), () => {
      gateway.started();
      gateway.follow(sandbox.intent);
      this.#probe(pod, sandbox);
    });
  }

  #tell(pod: PodObject, sandbox: Sandbox): void {
    sandbox.intent = pod.intent;
    this.#time.after(this.#chance.between(100, 1_500), () => {
      sandbox.gateway?.follow(sandbox.intent);
      this.#probe(pod.name, sandbox);
    });
  }

  #probe(pod: string, sandbox: Sandbox): void {
    this.#time.after(this.#chance.between(300, 2_500), () => {
      if (sandbox.gateway) this.#report(pod, {});
    });
  }

  /** Writes the pod's status with what its probe says when it is written. */
  #report(name: string, change: Partial<Pick<PodObject, 'phase' | 'running' | 'restarts'>>): void {
    this.#api.reach(() => {
      const held = this.#api.pods.get(name);
      if (!held) return;
      const { gateway, missing = 0 } = this.#sandboxes.get(name) ?? {};
      const ready = gateway?.ready === true && missing === 0 && !this.broken.has(held.revision);
      const turned = ready !== held.ready;
      if (!turned && Object.keys(change).length === 0) return;
      // Times in a pod's status are whole seconds.
      const now = Math.floor(this.#time.now / 1000) * 1000;
      const isFirst = held.readySince === undefined;
      this.#api.pods.patch(name, { ...change, ...(turned || isFirst ? { ready, readySince: now } : {}) });
    });
  }

  /** Lets the probe of `pod` fail for `ms`; its gateway goes on. */
  missProbes(pod: string, ms: number): void {
    const sandbox = this.#sandboxes.get(pod);
    if (!sandbox) return;
    sandbox.missing += 1;
    this.#report(pod, {});
    this.#time.after(ms, () => {
      sandbox.missing -= 1;
      this.#report(pod, {});
    });
  }

  /** Lets every gateway's probe be written again, after {@link broken} changed. */
  probeAll(): void {
    for (const [name, sandbox] of this.#sandboxes) this.#probe(name, sandbox);
  }

  #stop(name: string, sandbox: Sandbox): void {
    sandbox.stopping = true;
    this.#time.after(this.#chance.between(20, 300), () => {
      if (!sandbox.gateway) return this.#removeSoon(name);
      sandbox.gateway.stop(() => this.#removeSoon(name));
      this.#probe(name, sandbox);
    });
  }

  #removeSoon(name: string): void {
    this.#time.after(this.#chance.between(50, 500), () => this.#api.reach(() => this.#api.pods.remove(name)));
  }
}
