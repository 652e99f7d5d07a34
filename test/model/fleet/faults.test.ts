import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFleet } from '../../../operator/fleet/plan.ts';
import { FAULTY } from './fault-scenarios.ts';
import { runScenario } from './run-scenario.ts';

const SEEDS = 5;

for (const scenario of FAULTY)
  test(`${scenario.name}: clients move as rarely, and no faster, than promised`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = runScenario(scenario, { seed, planner: planFleet });
      assert.deepEqual(violations, [], `node test/model/fleet/explain.ts '${scenario.name}' ${seed}`);
    }
  });
