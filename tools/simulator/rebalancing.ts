import type { SimulatedGateway } from './simulated-gateway.ts';

export interface RebalancingOptions {
  readonly tolerancePercent: number;
  readonly connectionsPerSecond: number;
  readonly delaySeconds: number;
}

/** Each is to be rid of its excess within this time if the rate allows, as the fleet planner has it. */
const SECONDS = 60;

/** Sheds clients of gateways far above the mean, by the rules of the fleet planner: those above the mean are shut meanwhile. */
export class Rebalancing {
  readonly #options: RebalancingOptions;
  /** Connections each gateway that takes part goes down to. */
  #keep = new Map<SimulatedGateway, number>();
  #since = 0;

  constructor(options: RebalancingOptions) {
    this.#options = options;
  }

  /** True if `gateway` takes no new clients. */
  shuts(gateway: SimulatedGateway): boolean {
    return this.#keep.has(gateway);
  }

  /** @returns how many connections each is to close in this second */
  step(gateways: readonly SimulatedGateway[], second: number): ReadonlyMap<SimulatedGateway, number> {
    const { tolerancePercent, connectionsPerSecond, delaySeconds } = this.#options;
    const none = new Map<SimulatedGateway, number>();
    if (gateways.some(({ state }) => state !== 'ready')) {
      this.#keep = none;
      return none;
    }
    const above = (connections: number) => Math.max(connections + 10, connections * (1 + tolerancePercent / 100));
    const fill = above(Math.min(...this.#keep.values()));
    if (gateways.some(gateway => !this.shuts(gateway) && gateway.connections >= fill)) this.#keep = none;
    if (this.#keep.size === 0) this.#begin(gateways, above, second);
    const excess = [...this.#keep].map(([gateway, keep]) => ({ gateway, count: gateway.connections - keep }));
    const heavy = excess.filter(({ count }) => count > 0);
    if (heavy.length === 0) this.#keep = none;
    if (second - this.#since <= delaySeconds) return none;
    const wishes = heavy.map(each => ({ ...each, count: Math.max(1, Math.ceil(each.count / SECONDS)) }));
    let left = connectionsPerSecond;
    for (const { gateway, count } of wishes) {
      const closed = Math.min(left, count);
      none.set(gateway, closed);
      left -= closed;
    }
    return none;
  }

  #begin(gateways: readonly SimulatedGateway[], above: (connections: number) => number, second: number): void {
    const mean = Math.ceil(
      gateways.reduce((sum, { connections }) => sum + connections, 0) / Math.max(1, gateways.length),
    );
    const bound = above(mean);
    if (!gateways.some(({ connections }) => connections > bound)) return;
    const taking = gateways.filter(({ connections }) => connections > mean);
    // Those below the bound are shut with the others, and close none.
    this.#keep = new Map(
      taking.map(gateway => [gateway, gateway.connections > bound ? mean : gateway.connections] as const),
    );
    this.#since = second;
  }
}
