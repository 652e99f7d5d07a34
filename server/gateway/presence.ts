import type { Joins } from '../presence/joins.ts';
import { BEAT_MS } from '../presence/peers.ts';
import type { Presence } from '../presence/presence.ts';
import type { UserStates } from '../presence/user-states.ts';
import type { Part } from './part.ts';

/** Reports to the other gateways that this one is there, and at the end that it leaves. */
export function presencePart(presence: Presence, joins: Joins, states: UserStates): Part {
  const beat = () => {
    presence.beat();
    joins.tick();
    states.tick();
  };
  beat();
  const beats = setInterval(beat, BEAT_MS);
  return {
    stop: () => {
      clearInterval(beats);
      presence.leave();
    },
  };
}
