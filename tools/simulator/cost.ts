import type { GatewaySample } from '../../operator/autoscale/sample.ts';
import type { SimulatedGateway } from './simulated-gateway.ts';
import { NODE_SECONDS } from './world.ts';

/**
 * CPU a gateway spends, in cores, as measured of gateways with many small rooms: 4 us a second for a connection, 48 us for
 * a delivery, 1 ms for a connect. At two deliveries a second for each, 10,000 connections are all of a core.
 */
const COST = { idle: 0.02, connection: 4e-6, delivery: 48e-6, connect: 1e-3 } as const;
/** Cores above which the event loop begins to be late. */
const FULL = 0.9;

/** Core a gateway would need; above 1 it falls behind. @param deliveries a second for each connection */
export function coresOf({ connections, connects }: SimulatedGateway, deliveries: number): number {
  return COST.idle + connections * (COST.connection + deliveries * COST.delivery) + connects * COST.connect;
}

/** Milliseconds by which the event loop of a gateway is late that would need so much of a core. */
export function lagOf(cores: number): number {
  return 1 + Math.max(0, Math.min(1, cores) - FULL) * 2_000;
}

/** Share of chance in what a gateway measures over five seconds. */
const NOISE = 0.1;

/** Numbers the operator receives from a gateway. @param random in [0, 1), for the part of them that is chance */
export function sampleOf(
  gateway: SimulatedGateway,
  second: number,
  deliveries: number,
  random: () => number,
): GatewaySample[] {
  const { name: pod, state, connections } = gateway;
  const age = second - gateway.since;
  if (state === 'starting' || (state === 'dead' && age >= NODE_SECONDS.graceOver)) return [];
  if (state === 'dead') {
    const ready = age < NODE_SECONDS.notReady;
    return [{ pod, ready, leaving: age >= NODE_SECONDS.evicted, served: true, load: undefined }];
  }
  const about = (value: number) => value * (1 + NOISE * (2 * random() - 1));
  const cores = coresOf(gateway, deliveries);
  const load = {
    connections,
    deliveriesPerSecond: about(Math.min(1, 1 / cores) * connections * deliveries),
    eventLoopLagMs: about(lagOf(cores)),
    cpu: Math.min(1, about(cores)),
  };
  return [{ pod, ready: state === 'ready', leaving: state === 'draining', served: true, load }];
}
