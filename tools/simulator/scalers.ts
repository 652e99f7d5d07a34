import type { AutoscalingSpec } from '../../operator/api/chat-cluster.ts';
import { type Decision, decide, type ScaleInput } from '../../operator/autoscale/decide.ts';
import type { Observation } from '../../operator/autoscale/history.ts';
import { seeded } from '../support/random.ts';
import { sampleOf } from './cost.ts';
import { HPA, Hpa, type HpaPod } from './hpa.ts';
import { lostPolls } from './lost-polls.ts';
import { NODE_SECONDS, type World } from './world.ts';

/** Sets the size of a world, now and then. */
export interface Scaler {
  readonly everySeconds: number;
  /** @param deliveries a second for each connection @returns gateways there should be */
  look(world: World, deliveries: number): number;
}

export interface BuiltinOptions {
  readonly spec: AutoscalingSpec;
  readonly maxConnections: number;
  /** Share of the polls that bring no answer. */
  readonly lost: number;
}

/** The operator's autoscaler: the very code, asked every 5 s. */
export class Builtin implements Scaler {
  readonly everySeconds = 5;
  readonly made: { readonly input: ScaleInput; readonly decision: Decision }[] = [];
  readonly #options: BuiltinOptions;
  readonly #afterLoss: ReturnType<typeof lostPolls>;
  readonly #random = seeded(23);
  #history: readonly Observation[] = [];

  constructor(options: BuiltinOptions) {
    this.#options = options;
    this.#afterLoss = lostPolls(options.lost);
  }

  look({ gateways, second, size }: World, deliveries: number): number {
    const { spec, maxConnections } = this.#options;
    const now = second * 1_000;
    const samples = gateways.flatMap(gateway => sampleOf(gateway, second, deliveries, this.#random));
    const input: ScaleInput = {
      spec,
      replicas: 1,
      maxConnections,
      current: size,
      samples: this.#afterLoss(samples, now),
      held: 'None',
      why: '',
      now,
      history: this.#history,
    };
    const decision = decide(input);
    this.#history = decision.history;
    this.made.push({ input, decision });
    return decision.replicas;
  }
}

export interface HpaOptions {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Connections of a pod. */
  readonly targetAverage: number;
}

/** A plain HorizontalPodAutoscaler on connections, metrics without any delay or loss. */
export class PlainHpa implements Scaler {
  readonly everySeconds = HPA.syncSeconds;
  readonly #hpa = new Hpa();
  readonly #options: HpaOptions;

  constructor(options: HpaOptions) {
    this.#options = options;
  }

  look({ gateways, second, size }: World): number {
    const pods = gateways.flatMap((gateway): HpaPod[] => {
      const { state, connections } = gateway;
      const isGone = state === 'dead' && second - gateway.since >= NODE_SECONDS.evicted;
      if (state === 'draining' || isGone) return [];
      return [{ connections: state === 'ready' ? connections : undefined, pending: state === 'starting' }];
    });
    return this.#hpa.sync({ ...this.#options, current: size, pods, second });
  }
}
