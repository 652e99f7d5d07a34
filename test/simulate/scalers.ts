import type { AutoscalingSpec } from '../../operator/api/chat-cluster.ts';
import { type Decision, decide, type ScaleInput } from '../../operator/autoscale/decide.ts';
import type { Observation } from '../../operator/autoscale/history.ts';
import type { GatewaySample } from '../../operator/autoscale/sample.ts';
import { HPA, Hpa, type HpaPod } from './hpa.ts';
import { NODE_SECONDS, type SimulatedGateway, type World } from './world.ts';

/** Sets the size of a world, now and then. */
export interface Scaler {
  readonly everySeconds: number;
  /** @returns gateways there should be */
  look(world: World): number;
}

/** What a connection costs: an idle gateway 2 % of a core, 10,000 connections all of it, 1,000 connects a second all of it. */
function cpuOf({ connections, connects }: SimulatedGateway): number {
  return Math.min(1, 0.02 + connections / 10_000 + connects / 1_000);
}

function sampleOf(gateway: SimulatedGateway, second: number): GatewaySample[] {
  const { name: pod, state, connections } = gateway;
  const age = second - gateway.since;
  if (state === 'starting' || (state === 'dead' && age >= NODE_SECONDS.graceOver)) return [];
  if (state === 'dead') {
    const ready = age < NODE_SECONDS.notReady;
    return [{ pod, ready, leaving: age >= NODE_SECONDS.evicted, served: true, load: undefined }];
  }
  const cpu = cpuOf(gateway);
  const load = {
    connections,
    deliveriesPerSecond: connections * 2,
    eventLoopLagMs: cpu < 0.9 ? 1 : 1 + (cpu - 0.9) * 2_000,
    cpu,
  };
  return [{ pod, ready: state === 'ready', leaving: state === 'draining', served: true, load }];
}

/** The operator's autoscaler: the very code, asked every 5 s. */
export class Builtin implements Scaler {
  readonly everySeconds = 5;
  readonly made: { readonly input: ScaleInput; readonly decision: Decision }[] = [];
  readonly #spec: AutoscalingSpec;
  readonly #maxConnections: number;
  #history: readonly Observation[] = [];

  constructor(spec: AutoscalingSpec, maxConnections: number) {
    this.#spec = spec;
    this.#maxConnections = maxConnections;
  }

  look({ gateways, second, size }: World): number {
    const input: ScaleInput = {
      spec: this.#spec,
      replicas: 1,
      maxConnections: this.#maxConnections,
      current: size,
      samples: gateways.flatMap(gateway => sampleOf(gateway, second)),
      held: 'None',
      why: '',
      now: second * 1_000,
      history: this.#history,
    };
    const decision = decide(input);
    this.#history = decision.history;
    this.made.push({ input, decision });
    return decision.replicas;
  }
}

/** A plain HorizontalPodAutoscaler with the same bounds and target, metrics without any delay. */
export class PlainHpa implements Scaler {
  readonly everySeconds = HPA.syncSeconds;
  readonly #hpa = new Hpa();
  readonly #bounds: { readonly minReplicas: number; readonly maxReplicas: number; readonly targetAverage: number };

  constructor({ minReplicas, maxReplicas, targetConnections: targetAverage }: AutoscalingSpec) {
    this.#bounds = { minReplicas, maxReplicas, targetAverage };
  }

  look({ gateways, second, size }: World): number {
    const pods = gateways.flatMap((gateway): HpaPod[] => {
      const { state, connections } = gateway;
      const isGone = state === 'dead' && second - gateway.since >= NODE_SECONDS.evicted;
      if (state === 'draining' || isGone) return [];
      return [{ connections: state === 'ready' ? connections : undefined, pending: state === 'starting' }];
    });
    return this.#hpa.sync({ ...this.#bounds, current: size, pods, second });
  }
}
