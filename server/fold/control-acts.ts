import type { Control, ControlEntry, ControlOf, Rank, RankedUser } from './control.ts';
import { isDirect } from './direct.ts';
import { oldest } from './heir.ts';
import { recentCuts, withCut } from './kept-cuts.ts';
import {
  type Cut,
  type Done,
  type Link,
  type Membership,
  MOST_DONE,
  MOST_LISTED,
  MOST_NOTES,
  type RoomState,
} from './room-state.ts';
import { doneBytes, isPassing, jsonBytes, lastWithin, MOST_HEIRS, memberBytes } from './state-bytes.ts';

/** Changes of plain members that a state without all of them remembers, until the documents of those users have them. */
const MOST_RECENT = 256;

/** A state on its way to the next version. */
interface Draft extends Omit<RoomState, 'members' | 'links'> {
  kind: string;
  open: boolean;
  name: string;
  topic: string;
  avatar: string;
  created: number;
  frozen: boolean;
  deleted: boolean;
  count: number;
  full: boolean;
  readonly members: Map<string, Membership>;
  readonly links: Map<string, Link>;
  cuts: readonly Cut[];
  ids: readonly Done[];
  blocks: readonly string[];
}

/** Makes the state after an entry that counts. Version and offset are left to the caller. */
export function applyAct(state: RoomState, entry: ControlEntry): RoomState {
  const draft: Draft = { ...state, members: new Map(state.members), links: new Map(state.links) };
  const { control, cv, offset, time, by, id } = entry;
  const apply = EFFECTS[control.act] as (draft: Draft, control: Control, entry: ControlEntry) => void;
  apply(draft, control, entry);
  const cut = cutOf(entry);
  const cuts = recentCuts(draft.cuts, time);
  draft.cuts = cut === null ? cuts : withCut(cuts, cut);
  draft.ids = lastWithin([...draft.ids, { user: by, id, cv, offset }], MOST_DONE, doneBytes);
  forgetEnded(draft, entry);
  trim(draft, time);
  return draft;
}

type Effects = {
  readonly [A in Control['act']]: (draft: Draft, control: ControlOf<A>, entry: ControlEntry) => void;
};

const EFFECTS: Effects = {
  create(draft, { kind, open, name = '', topic = '', avatar = '', members }, entry) {
    Object.assign(draft, { kind, open, name, topic, avatar, created: entry.time, full: !open });
    admit(draft, members, entry);
  },
  update(draft, { name, topic, avatar }) {
    draft.name = name ?? draft.name;
    draft.topic = topic ?? draft.topic;
    draft.avatar = avatar ?? draft.avatar;
  },
  freeze(draft, { on }) {
    draft.frozen = on;
  },
  delete(draft) {
    draft.deleted = true;
  },
  link(draft, { hash, uses, expires }, { by, time }) {
    draft.links.set(hash, { by, uses, used: 0, expires, created: time });
  },
  unlink(draft, { hash }) {
    draft.links.delete(hash);
  },
  snapshot() {},
  add(draft, { users }, entry) {
    admit(draft, users, entry);
  },
  invite(draft, { users, approved = [] }, entry) {
    admit(draft, approved.map(asMember), entry);
    for (const user of users)
      if (!isMember(draft.members.get(user))) place(draft, user, { state: 'invited', since: 0, cv: entry.cv });
  },
  accept(draft, _, entry) {
    admit(draft, [asMember(entry.by)], entry);
  },
  decline(draft, _, entry) {
    remove(draft, entry.by, entry, false);
  },
  join(draft, { link: hash }, entry) {
    admit(draft, [asMember(entry.by)], entry);
    const link = hash === undefined ? undefined : draft.links.get(hash);
    if (hash === undefined || !link) return;
    const used = link.used + 1;
    if (link.uses > 0 && used >= link.uses) draft.links.delete(hash);
    else draft.links.set(hash, { ...link, used });
  },
  request(draft, { note }, { by, cv }) {
    if (isMember(draft.members.get(by))) return;
    place(draft, by, { state: 'requested', since: 0, cv, ...(note ? { note } : {}) });
    trimNotes(draft);
  },
  approve(draft, { user }, entry) {
    admit(draft, [asMember(user)], entry);
  },
  deny(draft, { user }, entry) {
    remove(draft, user, entry, false);
  },
  leave(draft, { heir, dissolves }, entry) {
    remove(draft, entry.by, entry, true);
    if (heir !== undefined) rankAs(draft, heir, 'owner', entry);
    if (dissolves) draft.deleted = true;
  },
  kick(draft, { user }, entry) {
    remove(draft, user, entry, true);
  },
  ban(draft, { user, until, reason: note, absent }, entry) {
    remove(draft, user, entry, !absent);
    const banned = { rank: 'member', state: 'banned', since: 0, cv: entry.cv, bannedUntil: until } as const;
    place(draft, user, note ? { ...banned, note } : banned);
    trimNotes(draft);
  },
  unban(draft, { user }, entry) {
    if (draft.members.get(user)?.state === 'banned') remove(draft, user, entry, false);
  },
  role(draft, { user, rank, since }, entry) {
    rankAs(draft, user, rank, entry, since);
  },
  transfer(draft, { user, since }, entry) {
    rankAs(draft, user, 'owner', entry, since);
    rankAs(draft, entry.by, 'admin', entry);
  },
  mute(draft, { user, until }) {
    draft.members.set(user, { ...knownOf(draft, user), mutedUntil: until });
  },
  block(draft, _, { by }) {
    if (isDirect(draft) && !draft.blocks.includes(by)) draft.blocks = [...draft.blocks, by];
  },
  unblock(draft, _, { by }) {
    draft.blocks = draft.blocks.filter(user => user !== by);
  },
  unknown() {},
};

const isMember = (known: Membership | undefined) => known?.state === 'member';

/** Entry of a user whom the state does not list: a member of a large room, or a user of an open one. */
function knownOf({ members, full, open }: Draft, user: string): Membership {
  const state = full || open ? 'left' : 'member';
  return members.get(user) ?? { rank: 'member', state, since: 0, cv: 0, mutedUntil: 0, bannedUntil: 0 };
}

/** Puts a user into another relation. The note of the one before ends with it. */
function place(draft: Draft, user: string, change: Partial<Membership>): void {
  const { note: _, ...known } = knownOf(draft, user);
  draft.members.set(user, { ...known, bannedUntil: 0, ...change });
}

const asMember = (user: string): RankedUser => ({ user, rank: 'member' });

function trimNotes({ members }: Draft): void {
  const noted = [...members].filter(([, { note }]) => note !== undefined).sort(([, a], [, b]) => a.cv - b.cv);
  const kept = lastWithin(noted, MOST_NOTES, ([, { note = '' }]) => jsonBytes(note)).length;
  for (const [user, { note: _, ...known }] of noted.slice(0, noted.length - kept)) members.set(user, known);
}

/** Makes users members. Those who are keep their rank and their place. */
function admit(draft: Draft, users: readonly RankedUser[], { offset, cv }: ControlEntry): void {
  for (const { user, rank } of users) {
    if (isMember(draft.members.get(user))) continue;
    place(draft, user, { rank, state: 'member', since: offset, cv });
    draft.count += 1;
  }
}

/** Takes a user out. @param counted true if a user whom the state does not list is a member */
function remove(draft: Draft, user: string, { cv, time }: ControlEntry, counted: boolean): void {
  const known = draft.members.get(user);
  if (known ? isMember(known) : counted && !draft.full && !draft.open) draft.count = Math.max(0, draft.count - 1);
  if (draft.full && (known?.mutedUntil ?? 0) <= time) draft.members.delete(user);
  else place(draft, user, { rank: 'member', state: 'left', since: 0, cv });
}

/**
 * Gives a member a rank. One whom the state does not list is a member too.
 * @param since offset of the join of such a member; 0 if it is not known
 */
function rankAs(draft: Draft, user: string, rank: Rank, { cv }: ControlEntry, since = 0): void {
  const known = draft.members.get(user);
  if (known ? !isMember(known) && !draft.open : draft.full) return;
  if (draft.open && !isMember(known)) draft.count += 1;
  const listed = knownOf(draft, user);
  draft.members.set(user, { ...listed, rank, state: 'member', since: listed.since || since, cv });
}

/** Author whom an act restricts, `*` for everybody; null for an act that restricts nobody. */
export function cutBy(control: Control, by: string): string | null {
  if (control.act === 'kick' || control.act === 'ban') return control.user;
  if (control.act === 'mute') return control.until > 0 ? control.user : null;
  if (control.act === 'leave') return control.dissolves ? '*' : by;
  if (control.act === 'freeze') return control.on ? '*' : null;
  return control.act === 'delete' || control.act === 'block' ? '*' : null;
}

/** Cut that an entry makes; null for none. */
function cutOf({ control, by, cv, offset, time }: ControlEntry): Cut | null {
  const user = cutBy(control, by);
  if (user === null) return null;
  const isOwn = control.act === 'leave' && !control.dissolves;
  return { cv, offset, user, time, ...(isOwn ? { left: true } : {}) };
}

/**
 * Leaves out what has ended. A user of whom nothing is left to say is as one who never was there. A change by this very entry stays
 * until the next one, so that it is written for its user.
 */
function forgetEnded({ links, members, full }: Draft, { cv, time }: ControlEntry): void {
  for (const [hash, { expires }] of links) if (expires <= time) links.delete(hash);
  for (const [user, { state, mutedUntil, bannedUntil, cv: changed }] of members) {
    const isOver = state === 'banned' ? bannedUntil > 0 && bannedUntil <= time : full && state === 'left';
    if (isOver && mutedUntil <= time && changed !== cv) members.delete(user);
  }
}

/**
 * Leaves out plain members and users who left, once the room is too large for all of them, but for the latest changes and for the
 * oldest members: one of these becomes the owner if all staff leaves.
 */
function trim(draft: Draft, time: number): void {
  if (draft.count > MOST_LISTED) draft.full = false;
  if (draft.full) return;
  const passing = [...draft.members].filter(([, known]) => isPassing(known, time)).sort(([, a], [, b]) => a.cv - b.cv);
  const kept = lastWithin(passing, MOST_RECENT, ([user]) => memberBytes(user)).length;
  const heirs = new Set(oldest(passing.filter(([, known]) => isMember(known))).slice(0, MOST_HEIRS));
  for (const [user] of passing.slice(0, passing.length - kept)) if (!heirs.has(user)) draft.members.delete(user);
}
