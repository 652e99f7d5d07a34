import { atRest, type Scenario, unbalanced } from './scenario.ts';
import {
  balanced,
  firstGateway,
  gatewayOf,
  type Happening,
  later,
  loseNats,
  mustServe,
  script,
  until,
  wait,
  whenServing,
  wish,
} from './script.ts';

/** Situations that last longer than load balancers keep the connections of removed targets. */
const MINUTES = 60;

const change = wish({ target: 'r2' });
const fails = wish({ unhealthy: 'one in ten commands fails' });
const undo = wish({ undone: 'r2', unhealthy: '' });

/** The new revision does worse, and at that moment an old gateway misses its probes for three minutes. */
const failsBesideOneAway: Happening = world => {
  fails(world);
  world.missProbes(gatewayOf('r1')(world), 3 * MINUTES * 1_000);
  later(world, 60, () => mustServe('r1')(world));
};

export const LONG: readonly Scenario[] = [
  {
    name: 'a node is cordoned, and drained much later',
    script: script(world => world.drainNode('node-2', 20 * MINUTES * 1_000), wait(20 * MINUTES)),
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'one gateway loses NATS for long',
    script: script(loseNats(firstGateway, 20 * MINUTES), wait(20 * MINUTES)),
    moves: 1,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'a rollout is held for long',
    script: script(
      change,
      wait([0, 40]),
      wish({ hold: 'NATS is unreachable' }),
      wait(15 * MINUTES),
      wish({ hold: '' }),
    ),
    moves: 1,
    ends: atRest(4, 'r2'),
  },
  {
    name: 'a rollout is stopped for long, and undone',
    clients: 60,
    script: script(change, whenServing('r2', [0, 9], fails), until(15 * MINUTES), undo),
    moves: 2,
    ends: atRest(4, 'r1'),
  },
  {
    name: 'a rollout is stopped while an old gateway is not ready',
    clients: 60,
    script: script(change, whenServing('r2', [0, 9], failsBesideOneAway), until(15 * MINUTES), undo),
    moves: 2,
    ends: atRest(4, 'r1'),
  },
  {
    name: 'a rollout changes to a revision that never becomes ready',
    clients: 60,
    script: script(
      world => world.breakRevision('r3'),
      change,
      whenServing('r2', [0, 9], wish({ target: 'r3' })),
      until(15 * MINUTES),
    ),
    moves: 1,
    ends: () => '',
  },
  {
    name: 'a rebalance takes long',
    size: 2,
    clients: 640,
    settings: { rebalance: { connectionsPerSecond: 1 } },
    script: script(wish(world => ({ size: 4, settings: balanced(world) }))),
    moves: 1,
    ends: world => atRest(4)(world) || unbalanced(world, 192),
  },
];
