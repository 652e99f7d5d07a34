import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFleet } from '../../../operator/fleet/plan.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const SEEDS = 1;
for (const scenario of SCENARIOS)
  test(`${scenario.name}: an operator killed after any write leaves it to another one to reach the same end`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const whole = runScenario(scenario, { seed, planner: planFleet });
      assert.ok(whole.writes > 0);
      for (let kill = 1; kill <= whole.writes; kill++) {
        const why = `node test/model/fleet/explain.ts '${scenario.name}' ${seed} ${kill}`;
        const killed = runScenario(scenario, { seed, planner: planFleet, killAfterWrite: kill });
        assert.deepEqual(killed.violations, [], why);
        assert.equal(killed.end, whole.end, why);
        // What it does not know it may write again.
        assert.ok(killed.writes <= 2 * whole.writes + 12, `${killed.writes} writes, ${whole.writes} in all: ${why}`);
      }
    }
  });
