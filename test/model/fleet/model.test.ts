import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFleet } from '../../../operator/fleet/plan.ts';
import { randomScenario } from './random-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const SEEDS = 5;
const SCHEDULES = 300;

/** Command that shows a run in full. */
const explain = (name: string, seed: number) => `node test/model/fleet/explain.ts '${name}' ${seed}`;

for (const scenario of SCENARIOS)
  test(`${scenario.name}: clients move as rarely, and no faster, than promised, and it comes to its end`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = runScenario(scenario, { seed, planner: planFleet });
      assert.deepEqual(violations, [], explain(scenario.name, seed));
    }
  });

test('the promises hold whatever happens, in whatever order', () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const { violations } = runScenario(randomScenario(seed), { seed, planner: planFleet });
    assert.deepEqual(violations, [], explain('random', seed));
  }
});
