import { PRIVACY_VALUES } from '../fold/user-settings.ts';
import type { PresentMember } from './gather.ts';
import { isUserState, mergedState, type SeenBy, stateOf, type UserState } from './states.ts';

/**
 * Word of a gateway about the devices of a user there. Those of one gateway come in order, and any may be lost. Without `audience` for
 * one that says nothing about who may see the user.
 */
export interface StateEvent extends Partial<SeenBy> {
  readonly watched: string;
  readonly gateway: string;
  readonly state: UserState;
}

/** Reads an event of another gateway, perhaps of another release. @returns null if it is none */
export function readStateEvent(watched: string, data: Readonly<Record<string, unknown>>): StateEvent | null {
  const { gateway, state, audience, invisible } = data;
  if (typeof gateway !== 'string' || !isUserState(state)) return null;
  const known = PRIVACY_VALUES.presence.find(value => value === audience);
  if (!known) return { watched, gateway, state };
  return { watched, gateway, state, audience: known, ...(invisible === true ? { invisible } : {}) };
}

/**
 * State of one user on the other gateways, as far as their events and answers tell. An event counts more than the answer to a question
 * that was asked before it came. Pure.
 */
export class WatchedUser {
  /** States by gateway; offline ones are left out. */
  readonly #gateways = new Map<string, UserState>();
  /** Events since the question that is under way; null without one. */
  #meanwhile: Map<string, UserState> | null = null;

  /** State over all other gateways. */
  get state(): UserState {
    return mergedState(this.#gateways.values());
  }

  /** Takes an event. */
  heard({ gateway, state }: Pick<StateEvent, 'gateway' | 'state'>): void {
    this.#meanwhile?.set(gateway, state);
    this.#set(gateway, state);
  }

  /** Removes a gateway that died. */
  gone(gateway: string): void {
    this.heard({ gateway, state: 'offline' });
  }

  /** Notes that a question is sent whose answer {@link answered} will take. */
  asking(): void {
    this.#meanwhile = new Map();
  }

  /** Takes the connections of the user on other gateways. @param partial true if a gateway has not answered: what is known of it stays */
  answered(members: Iterable<PresentMember>, partial: boolean): void {
    const devices = new Map<string, PresentMember[]>();
    for (const member of members) devices.set(member.gateway, [...(devices.get(member.gateway) ?? []), member]);
    if (!partial) this.#gateways.clear();
    for (const [gateway, found] of devices) this.#set(gateway, stateOf(found));
    for (const [gateway, state] of this.#meanwhile ?? []) this.#set(gateway, state);
    this.#meanwhile = null;
  }

  #set(gateway: string, state: UserState): void {
    if (state === 'offline') this.#gateways.delete(gateway);
    else this.#gateways.set(gateway, state);
  }
}
