import type { GatewayLoad } from '../../server/contract/load.ts';

/** What of a gateway's load the size follows. */
export type GatewayNumbers = Pick<GatewayLoad, 'connections' | 'deliveriesPerSecond' | 'eventLoopLagMs' | 'cpu'>;

/** One running gateway. */
export interface GatewaySample {
  readonly pod: string;
  /** It is Ready and stays: what it carries is carried on. One that sheds some of its clients is, one that is to be empty is not. */
  readonly ready: boolean;
  /** It terminates or is being drained: what it carries comes to the others. */
  readonly leaving: boolean;
  /** Whether it has ever been ready. One that has not holds no clients, so that its silence hides nothing. */
  readonly served: boolean;
  /** undefined when it did not say, or too long ago. */
  readonly load: GatewayNumbers | undefined;
}

/** What all gateways together carry. */
export interface FleetLoad {
  readonly connections: number;
  readonly deliveriesPerSecond: number;
  readonly ready: number;
  /** Mean over the ready gateways, milliseconds. */
  readonly meanLagMs: number;
  /** Mean over the ready gateways, as a share of one core. */
  readonly meanCpu: number;
  /** Cores that gateways with clients use together, also while they drain or shed some. */
  readonly cpu: number;
  /** Ready gateways that did not say what they hold. */
  readonly silent: readonly string[];
  /** Gateways that have been ready, no longer are, and do not answer: cut off, restarting, or on a dead node. */
  readonly vanished: readonly string[];
  /** Those of the vanished that still count as gateways there should be. */
  readonly lost: number;
}

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
    meanLagMs: mean('eventLoopLagMs'),
    meanCpu: mean('cpu'),
    // Those that start burn a core on starting alone.
    cpu: sum(
      samples.filter(sample => sample.ready || sample.served),
      'cpu',
    ),
    silent: ready.filter(sample => sample.load === undefined).map(sample => sample.pod),
    vanished: vanished.map(sample => sample.pod),
    lost: vanished.filter(sample => !sample.leaving).length,
  };
}
