import assert from 'node:assert/strict';
import { type Decision, decide, type Hold } from '../../operator/autoscale/decide.ts';
import type { Observation } from '../../operator/autoscale/history.ts';
import type { GatewaySample } from '../../operator/autoscale/sample.ts';
import { type AutoscalingChange, autoscaling } from './autoscaling-spec.ts';

/** @param now milliseconds */
export type Change = (samples: GatewaySample[], now: number) => GatewaySample[];

/** @param load what differs from an idle gateway */
export function sample(pod: string, load: Partial<GatewaySample['load']> = {}): GatewaySample {
  const idle = { connections: 0, deliveriesPerSecond: 0, eventLoopLagMs: 0, cpu: 0 };
  return { pod, ready: true, leaving: false, served: true, load: { ...idle, ...load } };
}

/** A spec of small numbers in which nothing but connections counts and windows are short. */
const SMALL: AutoscalingChange = {
  targetConnections: 100,
  freeSlots: 0,
  collapsePercent: 100,
  behavior: {
    scaleUp: { tolerancePercent: 0, policies: [{ type: 'Pods', value: 500, periodSeconds: 1 }] },
    scaleDown: {
      stabilizationWindowSeconds: 60,
      tolerancePercent: 0,
      policies: [{ type: 'Pods', value: 500, periodSeconds: 1 }],
    },
  },
};

/** History of an operator after an hour without load: {@link EvenFleet.forget} makes one that has just started. */
const QUIET = { connections: 0, lost: 0, fell: false } as const;
const HOUR_MS = 3_600_000;

/** A fleet in simulated time: what is decided is there at once, and the load spreads evenly. It has had its size for an hour. */
export class EvenFleet {
  seconds = 0;
  replicas: number;
  held: Hold = 'None';
  /** {@link ScaleInput.refused} */
  refused: string | undefined;
  maxConnections = 1_000;
  readonly decisions: Decision[] = [];
  readonly #spec: ReturnType<typeof autoscaling>;
  #history: readonly Observation[];

  /** @param change what differs from a spec in which nothing but connections counts */
  constructor(replicas: number, { behavior, ...change }: AutoscalingChange = {}) {
    this.replicas = replicas;
    this.#history = [-HOUR_MS, -1].map(at => ({ ...QUIET, at, current: replicas, wanted: replicas }));
    this.#spec = autoscaling({
      ...SMALL,
      ...change,
      behavior: {
        scaleUp: { ...SMALL.behavior?.scaleUp, ...behavior?.scaleUp },
        scaleDown: { ...SMALL.behavior?.scaleDown, ...behavior?.scaleDown },
      },
    });
  }

  /** Forgets the history, as a restart of the operator does. */
  forget(): void {
    this.#history = [];
  }

  /** One decision each 5 s with `connections` in total, or what they are after so many seconds. @returns the last one */
  run(
    seconds: number,
    connections: number | ((seconds: number) => number),
    change: Change = samples => samples,
  ): Decision {
    let last: Decision | undefined;
    for (let passed = 0; passed < seconds; passed += 5, this.seconds += 5) {
      const total = typeof connections === 'number' ? connections : Math.round(connections(passed));
      const even = Array.from({ length: this.replicas }, (_, at) =>
        sample(`gateway-${at}`, {
          connections: Math.floor(total / this.replicas) + (at < total % this.replicas ? 1 : 0),
        }),
      );
      last = decide({
        spec: this.#spec,
        replicas: 1,
        maxConnections: this.maxConnections,
        current: this.replicas,
        samples: change(even, this.seconds * 1_000),
        held: this.held,
        refused: this.refused,
        why: this.held === 'None' ? '' : 'a person holds it',
        now: this.seconds * 1_000,
        history: this.#history,
      });
      this.#history = last.history;
      this.replicas = last.replicas;
      this.decisions.push(last);
    }
    assert.ok(last);
    return last;
  }
}
