import { CANARIES } from './canary-scenarios.ts';
import { CLOCKS } from './clock-scenarios.ts';
import { CUT_OFF } from './cut-off-scenarios.ts';
import { LONG } from './long-scenarios.ts';
import { NODES } from './node-scenarios.ts';
import { PATIENCE, UNREADY } from './patience-scenarios.ts';
import { ROLLOUTS, TIGHT_ROLLOUTS } from './rollout-scenarios.ts';
import { SCALING } from './scaling-scenarios.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...LONG,
  ...SCALING,
  ...PATIENCE,
  ...UNREADY,
  ...ROLLOUTS,
  ...TIGHT_ROLLOUTS,
  ...NODES,
  ...CUT_OFF,
  ...CLOCKS,
  ...CANARIES,
];
