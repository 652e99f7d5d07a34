import type { GatewayLoad } from '../../server/contract/load.ts';

/** Numbers of a gateway's load on which the size depends. */
export type GatewayNumbers = Pick<
  GatewayLoad,
  'connections' | 'deliveriesPerSecond' | 'eventLoopLagMs' | 'cpu' | 'featuresLeftOut'
>;

/** Sample of one running gateway. */
export interface GatewaySample {
  readonly pod: string;
  /**
   * True if it is Ready and keeps its clients. A gateway that sheds some of its clients counts, one that is being emptied
   * does not.
   */
  readonly ready: boolean;
  /** True if it terminates or is being drained: its load moves to the others. */
  readonly leaving: boolean;
  /** True if it has ever been ready. If not, it has no clients, and its silence hides no load. */
  readonly served: boolean;
  /** Load; undefined when it did not report one, or too long ago. */
  readonly load: GatewayNumbers | undefined;
}

/** Load of all gateways together. */
export interface FleetLoad {
  readonly connections: number;
  readonly deliveriesPerSecond: number;
  readonly ready: number;
  /** Ready gateways that leave out features because they are overloaded. */
  readonly overloaded: number;
  /** Mean event loop lag of the ready gateways, in milliseconds. */
  readonly meanLagMs: number;
  /** Mean CPU use of the ready gateways, as a share of one core. */
  readonly meanCpu: number;
  /** Cores used by all gateways that may have clients, including those that drain or shed some. */
  readonly cpu: number;
  /** Ready gateways that did not report their load. */
  readonly silent: readonly string[];
  /** Gateways that were ready, are not ready now, and do not answer: cut off, restarting, or on a dead node. */
  readonly vanished: readonly string[];
  /** Number of vanished gateways that should still exist. */
  readonly lost: number;
}

/** Sums up samples. */
export function fleetLoad(samples: readonly GatewaySample[]): FleetLoad {
  const loads = samples.flatMap(sample => sample.load ?? []);
  const ready = samples.filter(sample => sample.ready);
  const sum = (of: readonly GatewaySample[], field: keyof GatewayNumbers) =>
    of.reduce((total, sample) => total + (sample.load?.[field] ?? 0), 0);
  const mean = (field: keyof GatewayNumbers) => (ready.length === 0 ? 0 : sum(ready, field) / ready.length);
  const vanished = samples.filter(sample => !sample.ready && sample.served && sample.load === undefined);
  return {
    connections: loads.reduce((total, load) => total + load.connections, 0),
    deliveriesPerSecond: loads.reduce((total, load) => total + load.deliveriesPerSecond, 0),
    ready: ready.length,
    overloaded: ready.filter(sample => (sample.load?.featuresLeftOut ?? 0) > 0).length,
    meanLagMs: mean('eventLoopLagMs'),
    meanCpu: mean('cpu'),
    // A starting gateway uses a core for starting alone.
    cpu: sum(
      samples.filter(sample => sample.ready || sample.served),
      'cpu',
    ),
    silent: ready.filter(sample => sample.load === undefined).map(sample => sample.pod),
    vanished: vanished.map(sample => sample.pod),
    lost: vanished.filter(sample => !sample.leaving).length,
  };
}
