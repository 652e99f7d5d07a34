/**
 * Looks for counter-examples with more seeds than the tests have time for:
 * `node test/model/fleet/search.ts [<first seed> <last seed>]`. Random schedules, all scenarios, and all of them with
 * an operator that is killed after each of its writes.
 */
import { planFleet } from '../../../operator/fleet/plan.ts';
import { randomScenario } from './random-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const [first = 1, last = 20] = process.argv.slice(2).map(Number);
let runs = 0;

function play(name: string, seed: number, killAfterWrite?: number): number {
  const scenario = name === 'random' ? randomScenario(seed) : SCENARIOS.find(row => row.name === name);
  if (!scenario) throw new Error(name);
  const kill = killAfterWrite === undefined ? {} : { killAfterWrite };
  const { violations, writes } = runScenario(scenario, { seed, planner: planFleet, ...kill });
  runs += 1;
  if (violations.length > 0)
    console.log(`explain.ts '${name}' ${seed} ${killAfterWrite ?? ''}: ${violations.join('; ')}`);
  return writes;
}

for (let seed = first; seed <= last; seed++) {
  for (let more = 0; more < 50; more++) play('random', seed * 50 + more);
  for (const { name } of SCENARIOS) {
    const writes = play(name, seed);
    for (let kill = 1; kill <= writes; kill++) play(name, seed, kill);
  }
}
console.log(`${runs} runs`);
