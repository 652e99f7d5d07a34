/** Ranks of members, from the highest on. */
export const RANKS = ['owner', 'admin', 'moderator', 'member', 'guest'] as const;

/** Rank of a member. */
export type Rank = (typeof RANKS)[number];

/** User with the rank that the user gets. */
export interface RankedUser {
  readonly user: string;
  readonly rank: Rank;
}

/** Texts about a room that its readers see. A field that is left out stays as it is. */
export interface RoomTexts {
  readonly name?: string;
  readonly topic?: string;
  /** URL of an image. */
  readonly avatar?: string;
}

/** One change of a room or of its members. Times are milliseconds since 1970. */
export type Control =
  /** First entry of a room. `open`: users join and leave without an entry in this log. */
  | ({ readonly act: 'create'; readonly kind: string; readonly open: boolean } & RoomTexts & {
        readonly members: readonly RankedUser[];
      })
  | ({ readonly act: 'update' } & RoomTexts)
  | { readonly act: 'freeze'; readonly on: boolean }
  | { readonly act: 'delete' }
  /** `hash`: of the link's token. `uses`: most joins with it, 0 for no limit. */
  | { readonly act: 'link'; readonly hash: string; readonly uses: number; readonly expires: number }
  | { readonly act: 'unlink'; readonly hash: string }
  /** `state`: whole state of the room as JSON. It counts without the entries before it. */
  | { readonly act: 'snapshot'; readonly state: unknown }
  | { readonly act: 'add'; readonly users: readonly RankedUser[] }
  /** `approved`: users whose requests it approves; they are not among `users`. */
  | { readonly act: 'invite'; readonly users: readonly string[]; readonly approved?: readonly string[] }
  | { readonly act: 'accept' | 'decline' }
  | { readonly act: 'join'; readonly link?: string }
  | { readonly act: 'request'; readonly note?: string }
  | { readonly act: 'approve' | 'deny' | 'kick' | 'unban'; readonly user: string }
  /** `since`: offset of the join, of a member whom the state of the room does not list. */
  | { readonly act: 'transfer'; readonly user: string; readonly since?: number }
  | { readonly act: 'role'; readonly user: string; readonly rank: Rank; readonly since?: number }
  /** `heir`: member who becomes the owner with this entry. `dissolves`: nobody is left, the room ends. */
  | { readonly act: 'leave'; readonly heir?: string; readonly dissolves?: true }
  /** `until`: 0 for no end. `absent`: the user is no member now. */
  | {
      readonly act: 'ban';
      readonly user: string;
      readonly until: number;
      readonly reason?: string;
      readonly absent?: true;
    }
  /** `until`: 0 ends a mute. */
  | { readonly act: 'mute'; readonly user: string; readonly until: number }
  /** In the room of two users: neither writes while one blocks the other. Gateways alone read these entries. */
  | { readonly act: 'block' | 'unblock' }
  /** Act of a newer version, or one whose fields do not fit. It takes its turn and changes nothing. */
  | { readonly act: 'unknown' };

/** Name of an act that this version knows. */
export type ActName = Exclude<Control['act'], 'unknown'>;

/** Control of one act. */
export type ControlOf<A extends Control['act'], C extends Control = Control> = C extends Control
  ? A extends C['act']
    ? C
    : never
  : never;

/** Entry of a room's control lane: each changes the room from one version to the next. */
export interface ControlEntry {
  readonly offset: number;
  /** UUIDv7 of the act, unique for its user and room. */
  readonly id: string;
  /** Version of the room that the entry makes: one above the version that its gateway decided on. */
  readonly cv: number;
  /** User who acts. */
  readonly by: string;
  /** Milliseconds since 1970, by the clock of the gateway. */
  readonly time: number;
  readonly control: Control;
}

type Fields = Readonly<Record<string, unknown>>;
type Reader<A extends ActName> = (body: Fields) => Omit<ControlOf<A>, 'act'> | null;

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRank = (value: unknown): value is Rank => (RANKS as readonly unknown[]).includes(value);

/** Reads an optional text field. */
const optionalText = <K extends string>(body: Fields, name: K): { readonly [key in K]?: string } =>
  isText(body[name]) ? ({ [name]: body[name] } as { readonly [key in K]?: string }) : {};

const textsOf = (body: Fields): RoomTexts => ({
  ...optionalText(body, 'name'),
  ...optionalText(body, 'topic'),
  ...optionalText(body, 'avatar'),
});

function rankedUsers(value: unknown): readonly RankedUser[] | null {
  if (!Array.isArray(value)) return null;
  const users: RankedUser[] = [];
  for (const item of value as readonly unknown[]) {
    const { user, rank } = (item ?? {}) as Fields;
    if (!isText(user) || !isRank(rank)) return null;
    users.push({ user, rank });
  }
  return users;
}

const nothing = () => ({});
const joinOf = (since: unknown): { readonly since?: number } => (isCount(since) && since > 0 ? { since } : {});
const ofUser = ({ user }: Fields) => (isText(user) ? { user } : null);

/** Types of control entries. Those of the type `pair` are shown to no client. Inboxes have other entries of the last two. */
export const CONTROL_TYPES = ['room', 'member', 'pair'] as const;

/** Type of a control entry. */
export type ControlType = (typeof CONTROL_TYPES)[number];

/** True for the type of a control entry. */
export const isControlType = (type: string): type is ControlType => (CONTROL_TYPES as readonly string[]).includes(type);

/** Acts by name: the type of their entries, and the fields of their bodies. */
const ACTS: { readonly [A in ActName]: { readonly type: ControlType; readonly read: Reader<A> } } = {
  create: {
    type: 'room',
    read(body) {
      const { kind, open } = body;
      const members = rankedUsers(body['members']);
      return isText(kind) && members ? { kind, open: open === true, ...textsOf(body), members } : null;
    },
  },
  update: { type: 'room', read: textsOf },
  freeze: { type: 'room', read: ({ on }) => (typeof on === 'boolean' ? { on } : null) },
  delete: { type: 'room', read: nothing },
  link: {
    type: 'room',
    read: ({ hash, uses, expires }) =>
      isText(hash) && isCount(uses) && isCount(expires) ? { hash, uses, expires } : null,
  },
  unlink: { type: 'room', read: ({ hash }) => (isText(hash) ? { hash } : null) },
  snapshot: { type: 'room', read: ({ state }) => ({ state }) },
  add: {
    type: 'member',
    read(body) {
      const users = rankedUsers(body['users']);
      return users && { users };
    },
  },
  invite: {
    type: 'member',
    read: ({ users, approved }) =>
      isTexts(users) && (approved === undefined || isTexts(approved))
        ? { users, ...(approved ? { approved } : {}) }
        : null,
  },
  accept: { type: 'member', read: nothing },
  decline: { type: 'member', read: nothing },
  join: { type: 'member', read: body => optionalText(body, 'link') },
  request: { type: 'member', read: body => optionalText(body, 'note') },
  approve: { type: 'member', read: ofUser },
  deny: { type: 'member', read: ofUser },
  leave: {
    type: 'member',
    read: body => ({ ...optionalText(body, 'heir'), ...(body['dissolves'] === true ? { dissolves: true } : {}) }),
  },
  kick: { type: 'member', read: ofUser },
  ban: {
    type: 'member',
    read(body) {
      const { user, until, absent } = body;
      if (!isText(user) || !isCount(until)) return null;
      return { user, until, ...optionalText(body, 'reason'), ...(absent === true ? { absent } : {}) };
    },
  },
  unban: { type: 'member', read: ofUser },
  role: {
    type: 'member',
    read: ({ user, rank, since }) => (isText(user) && isRank(rank) ? { user, rank, ...joinOf(since) } : null),
  },
  transfer: { type: 'member', read: ({ user, since }) => (isText(user) ? { user, ...joinOf(since) } : null) },
  mute: { type: 'member', read: ({ user, until }) => (isText(user) && isCount(until) ? { user, until } : null) },
  block: { type: 'pair', read: nothing },
  unblock: { type: 'pair', read: nothing },
};

/** Type of the entry of an act, header `Chat-Type`. */
export const typeOfAct = (act: ActName): ControlType => ACTS[act].type;

/** Facts about an entry that its author cannot write: from the envelope, or from a publication. */
interface Stamped {
  readonly type: string;
  readonly offset: number;
  readonly user: string;
}

/**
 * Reads the body of a control entry. Gateways and workers write these bodies.
 * @returns null for an entry of another lane
 */
export function readControl({ type, offset, user }: Stamped, data: unknown): ControlEntry | null {
  if (!isControlType(type) || typeof data !== 'object' || data === null) return null;
  const body = data as Fields;
  const { id, cv, time, act } = body;
  if (!isText(id) || !isCount(cv) || cv === 0) return null;
  return { offset, id, cv, by: user, time: isCount(time) ? time : 0, control: readAct(type, act, body) };
}

function readAct(type: string, act: unknown, body: Fields): Control {
  if (isText(act) && Object.hasOwn(ACTS, act)) {
    const known = ACTS[act as ActName];
    // A snapshot of the room of two users tells of blocks.
    const fields = known.type === type || (type === 'pair' && act === 'snapshot') ? known.read(body) : null;
    if (fields) return { act, ...fields } as Control;
  }
  return { act: 'unknown' };
}

/** Body of a control entry, as its gateway publishes it. */
export const controlBody = ({ id, cv, by, time, control }: Omit<ControlEntry, 'offset'>, type: ControlType) => ({
  type,
  id,
  cv,
  ...control,
  by,
  time,
});
