import type { FleetSettings } from '../../operator/fleet/fleet.ts';
import { mayWait } from '../../operator/fleet/patience.ts';
import { Rebalancing, type RebalancingOptions } from './rebalancing.ts';
import type { SimulatedGateway } from './simulated-gateway.ts';

/** Gateways and clients in simulated time, one second a step: the same for everyone who scales. */

export interface WorldOptions {
  readonly maxConnections: number;
  /** New connections a gateway takes a second; more wait. */
  readonly connectsPerSecond: number;
  /** Seconds from the creation of a pod to its readiness. */
  readonly startSeconds: number;
  readonly drain: FleetSettings['drain'];
  /**
   * Gateways a scale-down takes and the rate at which they close connections: `drained` takes the emptiest, as `drain` has it, all gateways together no faster
   * than its rate; `deleted` takes the newest, as a ReplicaSet does, each of which closes everything within `seconds`.
   */
  readonly scaleDown: { readonly how: 'drained' } | { readonly how: 'deleted'; readonly seconds: number };
  readonly sessionSeconds: number;
  /** Absent: clients stay on their gateways. */
  readonly rebalance?: RebalancingOptions;
}

const NODES = 4;
/** Clients whose connection broke come back spread over this time: the SDK's jitter. */
const RETURN_SECONDS = 20;
/** Share of the refused clients that try again in a second. */
const RETRY = 1 / 5;
/** A dead node is NotReady after the first, its pods are evicted after the second. */
export const NODE_SECONDS = { notReady: 40, evicted: 340, graceOver: 420 } as const;

export class World {
  readonly #options: WorldOptions;
  readonly gateways: SimulatedGateway[] = [];
  second = 0;
  /** Gateways there should be, without those that drain. */
  size = 0;
  refused = 0;
  moves = 0;
  /** Clients moved from full gateways to emptier ones. */
  rebalanced = 0;
  #made = 0;
  #fresh = 0;
  #retrying = 0;
  readonly #returning = new Map<number, number>();
  readonly #rebalancing: Rebalancing | undefined;
  #owed = 0;
  /** True once gateways that go have begun to close connections: they end together, as the fleet planner has it. */
  #closing = false;

  constructor(options: WorldOptions, gateways: number, clients: number) {
    this.#options = options;
    this.size = gateways;
    this.#rebalancing = options.rebalance && new Rebalancing(options.rebalance);
    for (let at = 0; at < gateways; at++) {
      this.#start().state = 'ready';
      (this.gateways[at] as SimulatedGateway).connections = Math.floor(clients / gateways);
    }
  }

  connected(): number {
    return this.gateways.reduce((sum, gateway) => sum + gateway.connections, 0);
  }

  ready(): SimulatedGateway[] {
    return this.gateways.filter(gateway => gateway.state === 'ready');
  }

  /** Clients that want to be connected and are not. */
  waiting(): number {
    return this.#fresh + this.#retrying + [...this.#returning.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One second passes in which so many clients want to be there. */
  step(demand: number): void {
    this.second++;
    for (const gateway of this.gateways) {
      gateway.connects = 0;
      const age = this.second - gateway.since;
      if (gateway.state === 'starting' && age >= this.#options.startSeconds) this.#enter(gateway, 'ready');
    }
    this.#replaceDead();
    this.#drain();
    this.#rebalance();
    this.#comeAndGo(Math.round(demand));
    this.#connect();
  }

  setSize(size: number): void {
    let change = size - this.size;
    this.size = size;
    for (; change < 0; change++) this.#takeOne();
    // What is being emptied is taken back first.
    for (const gateway of this.gateways)
      if (change > 0 && gateway.state === 'draining' && this.#options.scaleDown.how === 'drained') {
        this.#enter(gateway, 'ready');
        change--;
      }
    for (; change > 0; change--) this.#start();
  }

  /** Every connection breaks. */
  cut(): void {
    for (const gateway of this.gateways) this.#comeBack(this.#close(gateway, gateway.connections));
  }

  /** The first gateway, or all of the first node, are cut off for good. */
  kill(what: 'gateway' | 'node'): void {
    const [first] = this.ready();
    for (const gateway of this.gateways) {
      if (what === 'gateway' ? gateway !== first : gateway.node !== 0 || gateway.state === 'dead') continue;
      this.#enter(gateway, 'dead');
      this.#comeBack(this.#close(gateway, gateway.connections));
    }
  }

  #start(): SimulatedGateway {
    const node = this.#made++ % NODES;
    const gateway: SimulatedGateway = {
      name: `gateway-${this.#made}`,
      // A node that died stays away.
      node: this.gateways.some(each => each.state === 'dead') && node === 0 ? 1 : node,
      state: 'starting',
      since: this.second,
      connections: 0,
      connects: 0,
    };
    this.gateways.push(gateway);
    return gateway;
  }

  #enter(gateway: SimulatedGateway, state: SimulatedGateway['state']): void {
    gateway.state = state;
    gateway.since = this.second;
  }

  #close(gateway: SimulatedGateway, count: number): number {
    gateway.connections -= count;
    return count;
  }

  #comeBack(count: number): void {
    for (let at = 1; at <= RETURN_SECONDS; at++) {
      const share = Math.floor((count * at) / RETURN_SECONDS) - Math.floor((count * (at - 1)) / RETURN_SECONDS);
      this.#returning.set(this.second + at, (this.#returning.get(this.second + at) ?? 0) + share);
    }
  }

  #takeOne(): void {
    const left = this.gateways.filter(gateway => gateway.state !== 'draining' && !this.#isEvicted(gateway));
    const rank = (gateway: SimulatedGateway) => ['starting', 'dead', 'ready'].indexOf(gateway.state);
    const drained = this.#options.scaleDown.how === 'drained';
    const [victim] = left.sort(
      (a, b) => rank(a) - rank(b) || (drained ? a.connections - b.connections : b.since - a.since),
    );
    if (!victim) return;
    if (victim.state === 'ready') this.#enter(victim, 'draining');
    else this.gateways.splice(this.gateways.indexOf(victim), 1);
  }

  #drain(): void {
    const { scaleDown, drain } = this.#options;
    const draining = this.gateways.filter(each => each.state === 'draining');
    this.#closing = draining.length > 0 && (this.#closing || scaleDown.how === 'deleted' || !this.#isPatient(draining));
    if (!this.#closing) return;
    let budget = scaleDown.how === 'drained' ? drain.reconnectsPerSecond : Number.POSITIVE_INFINITY;
    for (const gateway of draining) {
      const age = this.second - gateway.since - drain.delaySeconds;
      if (age <= 0) continue;
      const left = scaleDown.how === 'deleted' ? Math.max(1, scaleDown.seconds - age + 1) : 1;
      const closed = this.#close(gateway, Math.min(budget, Math.ceil(gateway.connections / left)));
      budget -= closed;
      this.moves += closed;
      // A client that is asked to reconnect tries at once.
      this.#fresh += closed;
      if (gateway.connections === 0) this.gateways.splice(this.gateways.indexOf(gateway), 1);
    }
  }

  #isPatient(draining: readonly SimulatedGateway[]): boolean {
    const clients = draining.reduce((sum, { connections }) => sum + connections, 0);
    const outMs = Math.max(...draining.map(({ since }) => this.second - since)) * 1_000;
    return mayWait({ clients, outMs }, this.#options.drain);
  }

  #rebalance(): void {
    for (const [gateway, count] of this.#rebalancing?.step(this.gateways, this.second) ?? []) {
      const closed = this.#close(gateway, count);
      this.rebalanced += closed;
      this.#fresh += closed;
    }
  }

  #isEvicted(gateway: SimulatedGateway): boolean {
    return gateway.state === 'dead' && this.second - gateway.since >= NODE_SECONDS.evicted;
  }

  /** The Deployment makes new pods for evicted ones. */
  #replaceDead(): void {
    const there = this.gateways.filter(gateway => gateway.state !== 'draining' && !this.#isEvicted(gateway)).length;
    for (let missing = this.size - there; missing > 0; missing--) this.#start();
  }

  #comeAndGo(demand: number): void {
    this.#fresh += this.#returning.get(this.second) ?? 0;
    this.#returning.delete(this.second);
    const connected = this.connected();
    this.#owed += connected / this.#options.sessionSeconds;
    const ended = Math.floor(this.#owed);
    this.#owed -= ended;
    const online = connected + this.waiting();
    const leaving = Math.min(connected, ended + Math.max(0, online - demand));
    let gone = 0;
    let before = 0;
    for (const gateway of this.gateways) {
      before += gateway.connections;
      const upTo = connected === 0 ? 0 : Math.floor((leaving * before) / connected);
      this.#close(gateway, upTo - gone);
      gone = upTo;
    }
    this.#fresh += Math.max(0, demand - (online - gone));
  }

  /** New ones are spread evenly; who finds its gateway full is refused and tries again later. */
  #connect(): void {
    const retries = Math.ceil(this.#retrying * RETRY);
    this.#retrying -= retries;
    const trying = this.#fresh + retries;
    this.#fresh = 0;
    const ready = this.ready().filter(gateway => !this.#rebalancing?.shuts(gateway));
    let taken = 0;
    let full = ready.length === 0 ? trying : 0;
    for (const [at, gateway] of ready.entries()) {
      const place = (at + this.second) % ready.length;
      const share = Math.floor((trying * (place + 1)) / ready.length) - Math.floor((trying * place) / ready.length);
      const places = Math.max(0, this.#options.maxConnections - gateway.connections);
      const accepted = Math.min(share, places, this.#options.connectsPerSecond);
      full += Math.max(0, Math.min(share, this.#options.connectsPerSecond) - places);
      gateway.connections += accepted;
      gateway.connects = accepted;
      taken += accepted;
    }
    this.refused += full;
    this.#retrying += trying - taken;
  }
}
