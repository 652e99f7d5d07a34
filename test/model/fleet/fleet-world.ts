import { ALL_REVISIONS } from '../../../operator/api/serving.ts';
import type { FleetPlan, FleetSettings } from '../../../operator/fleet/fleet.ts';
import { ApiServer, SERVICE } from './api-server.ts';
import { Chance } from './chance.ts';
import { Client, type Experience } from './clients.ts';
import { EndpointSlices } from './endpoint-slices.ts';
import { Faults } from './faults.ts';
import type { Gateway } from './gateway.ts';
import { Kubelet } from './kubelet.ts';
import { LoadBalancer } from './load-balancer.ts';
import { drainNode } from './node-drain.ts';
import type { PodObject } from './objects.ts';
import type { Wishes } from './observe.ts';
import { RemovedTargets } from './removed-targets.ts';
import { ReplicaSets } from './replica-set.ts';
import { Scheduler } from './scheduler.ts';
import { type Planner, SimulatedOperator } from './simulated-operator.ts';
import { START, Timeline } from './timeline.ts';
import { Watchdog } from './watchdog.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly planner: Planner;
  readonly settings: FleetSettings;
  readonly size: number;
  readonly clients: number;
  /** True if the first revision is older than the label that asks for clients: its pods and gateways do not have it. */
  readonly old: boolean;
  /** Pods that fit on the two nodes together. */
  readonly room: number;
  /** Longest delay of the slices. */
  readonly slicesLagMs: number;
  /** Time for which load balancers keep the connections to a gateway that left the slices. */
  readonly removedTargetsMs: number;
  readonly watchLagMs: number;
  readonly pollMs: number;
  /** The operator is killed after its write of this number, the first one being 1; another starts later. */
  readonly killAfterWrite: number | undefined;
  readonly log: ((line: string) => void) | undefined;
}

export const FIRST_REVISION = 'r1';

/** A fleet of gateways in a cluster with two nodes, with clients, and an operator, at rest when it begins. */
export class FleetWorld {
  readonly time = new Timeline();
  readonly chance: Chance;
  readonly api = new ApiServer();
  readonly faults: Faults;
  readonly kubelet: Kubelet;
  readonly watchdog: Watchdog;
  readonly clients: Client[] = [];
  readonly experience: Experience = { closes: [] };
  readonly wishes: Wishes;
  /** Pods that a ReplicaSet removed, in order. */
  readonly removed: PodObject[] = [];
  /** Writes that succeeded, in order. */
  readonly writes: { readonly at: number; readonly what: string }[] = [];
  /** The last plan of an operator. */
  lastPlan: FleetPlan | undefined;
  readonly #options: WorldOptions;
  readonly #route: () => Gateway | undefined;
  #wallAhead = 0;
  #operator: SimulatedOperator | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.chance = new Chance(options.seed);
    this.faults = new Faults(this.time, this.chance);
    const { api, time, chance } = this;
    const { settings, size } = options;
    this.wishes = { settings, size, target: FIRST_REVISION, undone: '', hold: '', unhealthy: '' };
    this.kubelet = new Kubelet(api, time, chance, settings.drain);
    const balancer = new LoadBalancer(api, time, chance, settings.drain.delaySeconds * 1000);
    this.#route = () => {
      const pod = balancer.choose();
      return pod === undefined ? undefined : this.kubelet.gateway(pod);
    };
    this.#furnish();
    new Scheduler(api, time, chance);
    new EndpointSlices(api, time, chance, options.slicesLagMs);
    new RemovedTargets(api, time, this.kubelet, options.removedTargetsMs);
    new ReplicaSets(api, time, chance, pod => {
      this.removed.push(pod);
      this.watchdog.checkRemoval(pod);
    });
    // What is there already is told again to those who have just begun to watch.
    for (const pod of api.pods.list()) api.pods.patch(pod.name, {});
    api.slices.patch(SERVICE, {});
    this.watchdog = new Watchdog(api, time, this.kubelet, this.wishes);
    this.#trace();
    this.arrive(options.clients, 2_000);
    time.runUntil(START + settings.drain.delaySeconds * 1000 + 5_000);
    this.#startOperator();
    time.runUntil(time.now + 15_000);
  }

  #furnish(): void {
    const { api, kubelet } = this;
    const { old, room, size } = this.#options;
    if (old) kubelet.old.add(FIRST_REVISION);
    api.nodes.create({ name: 'node-1', unschedulable: false, room: Math.ceil(room / 2) });
    api.nodes.create({ name: 'node-2', unschedulable: false, room: Math.floor(room / 2) });
    const ready = {
      phase: 'Running',
      running: true,
      ready: true,
      terminating: false,
      intent: undefined,
      labelled: !old,
      cost: 0,
      restarts: 0,
    } as const;
    const names = Array.from({ length: size }, (_, index) => `${FIRST_REVISION}-first-${index + 1}`);
    for (const [index, name] of names.entries()) {
      const node = `node-${(index % 2) + 1}`;
      const [createdAt, readySince] = [START - 3_600_000, START - 3_500_000];
      kubelet.adopt(name, FIRST_REVISION);
      api.pods.create({ ...ready, name, node, createdAt, readySince, revision: FIRST_REVISION });
    }
    const [createdAt, targetedAt] = [START - 3_600_000, START - 3_600_000];
    const first = { name: FIRST_REVISION, createdAt, replicas: size, targetedAt, stopped: '', labelled: !old };
    api.deployments.create(first);
    const serving = this.wishes.settings.rollout.strategy === 'OnDelete' ? ALL_REVISIONS : FIRST_REVISION;
    api.services.create({ name: SERVICE, serving, labelled: !old, movedAt: 0 });
    api.slices.create({ name: SERVICE, pods: names });
  }

  #startOperator(): void {
    const { api, chance, time, wishes } = this;
    const { planner, pollMs, watchLagMs } = this.#options;
    const operator = new SimulatedOperator({
      api,
      time,
      chance,
      planner,
      wishes,
      watchLagMs,
      pollMs,
      faults: this.faults,
      wallAhead: () => this.#wallAhead,
      ask: pod => (this.watchdog.silent.has(pod) ? undefined : this.kubelet.gateway(pod)),
      onPlan: plan => {
        this.lastPlan = plan;
      },
      onWrite: what => {
        this.writes.push({ at: time.now, what });
        this.note(`  operator writes ${what}`);
        if (this.writes.length !== this.#options.killAfterWrite) return true;
        this.killOperator();
        return false;
      },
    });
    this.#operator = operator;
  }

  /** Kills the operator. Another one, which knows nothing, takes over later. */
  killOperator(): void {
    this.note('the operator is killed');
    this.#operator?.kill();
    this.#operator = undefined;
    this.time.after(this.chance.between(1_000, 20_000), () => {
      if (!this.#operator) this.api.reach(() => this.#startOperator());
    });
  }

  /** Changes what is wanted, and lets the operator hear of it. */
  wish(change: Partial<Wishes>): void {
    this.note(`wished: ${JSON.stringify(change)}`);
    // Who is woken has nobody to offer at first.
    if (this.wishes.size === 0) this.watchdog.disturbed();
    Object.assign(this.wishes, change);
    this.time.after(this.chance.between(0, this.#options.watchLagMs), () => this.#operator?.wake());
  }

  /** So many clients come, evenly over the next `ms`. */
  arrive(count: number, ms: number): void {
    const { chance, clients, experience, time } = this;
    this.note(`${count} clients come`);
    const coming = Array.from({ length: count }, () => new Client(time, chance, this.#route, experience));
    clients.push(...coming);
    for (const client of coming) time.after(chance.between(0, ms), () => client.connect());
  }

  crash(pod: string | undefined): void {
    if (pod === undefined) return;
    this.note(`${pod} crashes`);
    this.watchdog.disturbed();
    this.kubelet.crash(pod);
  }

  /** The probe of `pod` fails for `ms`. */
  missProbes(pod: string | undefined, ms: number): void {
    if (pod === undefined) return;
    this.note(`the probe of ${pod} fails for ${ms / 1000} s`);
    this.watchdog.disturbed();
    this.kubelet.missProbes(pod, ms);
  }

  /** Lets every gateway be ready for `share` of the next `ms`, each by itself. */
  flicker(share: number, ms: number): void {
    const AWAY_SECONDS = 5;
    const end = this.time.now + ms;
    const second = () => {
      for (const { name } of this.pods())
        if (this.chance.yes((1 - share) / AWAY_SECONDS))
          this.missProbes(name, this.chance.between(1_000, 2 * AWAY_SECONDS * 1_000));
      if (this.time.now < end) this.time.after(1_000, second);
    };
    second();
  }

  /** `pod` tells nobody what it holds from now on. */
  silence(pod: string | undefined): void {
    if (pod === undefined) return;
    this.note(`${pod} falls silent`);
    this.watchdog.silent.add(pod);
  }

  /** The time of day of the operator's machine is set: from now on it is so much ahead of the API server's. */
  setWallClock(aheadMs: number): void {
    this.note(`the operator's time of day is ${aheadMs / 1000} s ahead`);
    this.#wallAhead = aheadMs;
  }

  /** Lets NATS be away from `pods` for `ms`. */
  cutOff(pods: readonly PodObject[], ms: number): void {
    const gateways = pods.flatMap(({ name }) => this.kubelet.gateway(name) ?? []);
    this.note(`NATS is away from ${pods.map(({ name }) => name).join(', ')} for ${ms / 1000} s`);
    for (const gateway of gateways) gateway.natsUp = false;
    this.time.after(ms, () => {
      for (const gateway of gateways) gateway.natsUp = true;
    });
  }

  loseApiServer(ms: number): void {
    this.note(`the API server is away for ${ms / 1000} s`);
    this.watchdog.disturbed();
    this.api.setAway(true);
    this.time.after(ms, () => {
      this.note('the API server is back');
      this.watchdog.disturbed();
      this.api.setAway(false);
    });
  }

  loseService(): void {
    if (!this.api.services.get(SERVICE)) return;
    this.note('somebody deletes the Service');
    this.watchdog.disturbed();
    this.api.services.remove(SERVICE);
  }

  /** Deletes a gateway of `revision`, if there is one. */
  deleteOneOf(revision: string): void {
    const found = this.pods().find(pod => pod.revision === revision);
    if (!found) return;
    this.note(`somebody deletes ${found.name}`);
    this.watchdog.disturbed();
    this.api.pods.patch(found.name, { terminating: true });
  }

  drainNode(node: string, waitMs: number): void {
    this.note(`${node} is cordoned, and drained after ${waitMs / 1000} s`);
    drainNode(this.api, this.time, node, waitMs, () => this.watchdog.disturbed());
  }

  breakRevision(revision: string): void {
    this.kubelet.broken.add(revision);
    this.kubelet.probeAll();
  }

  /** Pods that live, in the order of their names. */
  pods(): PodObject[] {
    const living = this.api.pods.list().filter(pod => !pod.terminating);
    return living.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  note(line: string): void {
    this.#options.log?.(`${this.time.seconds.padStart(8)} ${line}`);
  }

  #trace(): void {
    if (!this.#options.log) return;
    const { api } = this;
    api.pods.watch((pod, stored) => {
      const state = [pod.phase, pod.ready ? 'ready' : 'not ready', pod.node ?? 'no node'];
      if (pod.terminating) state.push('terminating');
      const connections = this.kubelet.gateway(pod.name)?.connections ?? 0;
      this.note(stored ? `${pod.name}: ${state.join(', ')}, ${connections} connections` : `${pod.name} is gone`);
    });
    api.slices.watch(({ pods }) => this.note(`slices: ${pods.join(' ')}`));
  }
}
