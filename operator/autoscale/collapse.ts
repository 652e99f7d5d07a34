import type { AutoscalingSpec } from '../api/chat-cluster.ts';
import { type Observation, within } from './history.ts';

type CollapseSpec = Pick<AutoscalingSpec, 'collapsePercent' | 'collapseHoldSeconds' | 'behavior'>;

/** Largest total of connections within the window of scale-downs. */
function peak(history: readonly Observation[], spec: CollapseSpec, now: number): number {
  const window = within(history, now, spec.behavior.scaleDown.stabilizationWindowSeconds * 1_000);
  return window.reduce((most, each) => Math.max(most, each.connections ?? 0), 0);
}

/** True if the total of connections fell so far within the window that the network is to blame rather than the clients. */
export function hasFallen(
  history: readonly Observation[],
  spec: CollapseSpec,
  now: number,
  connections: number | undefined,
): boolean {
  if (connections === undefined) return history.at(-1)?.fell ?? false;
  return connections < peak(history, spec, now) * (1 - spec.collapsePercent / 100);
}

/** Hold of scale-downs after the last fall, with the seconds that are left; undefined when there is none. */
export function collapseHold(
  history: readonly Observation[],
  spec: CollapseSpec,
  now: number,
): { readonly leftSeconds: number } | undefined {
  const began = history.findLast((each, index) => each.fell && index > 0 && !history[index - 1]?.fell);
  const leftMs = began ? began.at + spec.collapseHoldSeconds * 1_000 - now : 0;
  return leftMs > 0 ? { leftSeconds: Math.ceil(leftMs / 1_000) } : undefined;
}
