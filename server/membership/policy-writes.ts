import { mergedPair, NO_PAIR, type Pair, type PairUsers, pairJson, readPair } from '../fold/pair.ts';
import { NO_ROOM, type RoomState } from '../fold/room-state.ts';
import { readRoomState, roomStateJson } from '../fold/room-state-json.ts';
import { type GivenSettings, mergedSettings, NO_SETTINGS, readGivenSettings } from '../fold/user-settings.ts';
import type { PolicyEntry, PolicyStore } from './policy-store.ts';

/** Attempts to write a key that others write too: a worker folds 8 rooms of a user at the same time, beside gateways. */
const ATTEMPTS = 16;

/**
 * Changes a value by compare-and-set.
 * @param change makes the next value of the present one, null for none; null to leave it
 * @param known entry of the key if it was just read, which saves a read
 * @throws {ReadFailed} {@link PublishFailed} if the store does not answer, or others write the key all the time
 */
export async function changeKey(
  store: PolicyStore,
  key: Parameters<PolicyStore['read']>[0],
  change: (value: unknown) => unknown,
  known?: PolicyEntry | null,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = attempt === 1 && known !== undefined ? known : await store.read(key);
    const next = change(found?.value ?? null);
    if (next === null || (await store.write(key, next, found?.revision ?? 0))) return;
    if (attempt === ATTEMPTS) throw new Error(`others change ${JSON.stringify(key)} all the time`);
  }
}

/** True if a state is later than another of the same room. Of two entries of one version the first counts. */
export const isLater = (state: RoomState, other: RoomState): boolean =>
  state.cv > other.cv || (state.cv === other.cv && state.at < other.at);

/**
 * Writes the state of a room, unless a later one is there.
 * @returns the state that the store has then
 * @throws as {@link changeKey}
 */
export async function writeRoom(store: PolicyStore, room: string, state: RoomState): Promise<RoomState> {
  let latest = state;
  await changeKey(store, { room }, value => {
    const stored = readRoomState(value) ?? NO_ROOM;
    latest = isLater(state, stored) ? state : stored;
    return latest === state ? roomStateJson(state) : null;
  });
  return latest;
}

/**
 * Adds what is known of a pair to what the store knows of it.
 * @returns all that is known then
 * @throws as {@link changeKey}
 */
export async function writePair(store: PolicyStore, users: PairUsers, known: Pair): Promise<Pair> {
  let latest = known;
  await changeKey(store, { pair: users }, value => {
    const stored = readPair(value) ?? NO_PAIR;
    latest = mergedPair(stored, known);
    return latest === stored ? null : pairJson(latest);
  });
  return latest;
}

/** Adds what is known of a user's settings to what the store knows of them. @throws as {@link changeKey} */
export async function writeSettings(store: PolicyStore, user: string, known: GivenSettings): Promise<void> {
  await changeKey(store, { settings: user }, value => {
    const stored = readGivenSettings(value) ?? NO_SETTINGS;
    const next = mergedSettings(stored, known);
    return next === stored ? null : next;
  });
}
