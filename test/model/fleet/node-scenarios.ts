import { atRest, type Scenario } from './scenario.ts';
import { type Happening, script, until, wait, wish } from './script.ts';

/** The node is cordoned, and drained later. */
const drain =
  (seconds: number): Happening =>
  world =>
    world.drainNode('node-2', seconds * 1_000);

/** One of the two nodes is drained. */
export const NODES: readonly Scenario[] = [
  {
    name: 'a node is cordoned and drained later',
    // Long enough for another operator to take over.
    script: script(drain(45), wait(45)),
    moves: 1,
    ends: atRest(4),
  },
  {
    // The first gateway stops before it is known that its neighbours will.
    name: 'a node is drained at once',
    lossy: true,
    script: script(drain(0.1), wait(5)),
    moves: 2,
    ends: atRest(4),
  },
  {
    name: 'a node is drained in a scale-down',
    script: script(wish({ size: 3 }), wait([0, 30]), drain(15), until(45)),
    moves: 2,
    ends: atRest(3),
  },
  {
    name: 'a node is drained in a rollout',
    script: script(wish({ target: 'r2' }), wait([0, 40]), drain(15), wait(15)),
    moves: 3,
    ends: atRest(4, 'r2'),
  },
];
