/** Tells a scenario in full: `node test/model/fleet/explain.ts '<name or random>' <seed> [<operator killed after write>]`. */
import { planFleet } from '../../../operator/fleet/plan.ts';
import { FAULTY } from './fault-scenarios.ts';
import { randomScenario } from './random-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const [name, seed = '1', kill] = process.argv.slice(2);
const all = [...SCENARIOS, ...FAULTY];
const scenario = name === 'random' ? randomScenario(Number(seed)) : all.find(row => row.name === name);
if (!scenario) {
  for (const row of all) console.log(row.name);
} else {
  const options = { seed: Number(seed), planner: planFleet, log: console.log };
  console.log(runScenario(scenario, kill === undefined ? options : { ...options, killAfterWrite: Number(kill) }));
}
