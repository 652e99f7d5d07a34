/** A gateway of the simulated world, as it is in one second. */
export interface SimulatedGateway {
  readonly name: string;
  readonly node: number;
  state: 'starting' | 'ready' | 'draining' | 'dead';
  /** Second of the last change of state. */
  since: number;
  connections: number;
  /** New connections in this second. */
  connects: number;
}
