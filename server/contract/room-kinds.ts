/**
 * Kinds of rooms and their rules. The part of a room's name before the colon is its kind. A kind is built in here or declared in
 * `spec.rooms.kinds`; gateways get declared ones by the options `roomKinds` and `roomRules`.
 */

/** Limits of one kind. They bind users. */
export interface KindLimits {
  /** Most Unicode code points of a message's text. Default 8,000. */
  readonly textCharacters: number;
  /** Seconds after its message in which an author may edit it. 0: never. Default 86,400, a day. */
  readonly editSeconds: number;
  /** Seconds after its message in which an author may delete it for all. 0: never. Default 172,800, two days. */
  readonly deleteSeconds: number;
  /** Most different emoji on one message. 0: no reactions. Default 20. */
  readonly emojiPerMessage: number;
}

/**
 * Members up to which a room has features that cost something for each member. 0: in no room. In kinds with access `Open` or `Claim`
 * connections count, as users read without joining. Default 100, if nothing else is said.
 */
export interface KindSizes {
  /** Users see who is typing. */
  readonly typing: number;
  /** Members see who has read how far. */
  readonly receipts: number;
  /** Members see which members are connected. Without effect in this release. */
  readonly presence: number;
  /** Staff may mention everybody. Default 1,000. */
  readonly mentionAll: number;
}

/** Rules of one kind of rooms, complete. */
export interface KindRules {
  /** Users who may read. `Open`: every signed-in user. `Claim`: users whose token lists the room. `Members`: members of the room. */
  readonly access: 'Open' | 'Claim' | 'Members';
  /** Users who may create rooms. `Nobody`: no user; such rooms are for the server API of a later release, but for `dm`. */
  readonly create: 'Anyone' | 'Nobody';
  /** Way to become a member. `Anyone`: at once. `Request`: after approval. `Invite`: with an invitation or a link alone. */
  readonly join: 'Anyone' | 'Request' | 'Invite';
  /** Users who may send. `Everyone`: all who may read. `Staff`: moderators and above. */
  readonly write: 'Everyone' | 'Members' | 'Staff';
  /** Messages that a member may read. `Joined`: those after the member's join. */
  readonly history: 'All' | 'Joined';
  /** Most members of one room. 0: no limit. */
  readonly maxMembers: number;
  /** Lowest rank that may invite and add users and make links. */
  readonly invite: 'Member' | 'Moderator' | 'Admin';
  /** Setting of the protocol's bare publish. `message.send` follows `write` alone. */
  readonly publish: 'Enabled' | 'Disabled';
  readonly limits: KindLimits;
  readonly sizes: KindSizes;
}

/** Fields of a kind that its declaration gives. */
export type DeclaredKind = Partial<Omit<KindRules, 'limits' | 'sizes'>> & {
  readonly limits?: Partial<KindLimits>;
  readonly sizes?: Partial<KindSizes>;
};

const LIMITS: KindLimits = {
  textCharacters: 8_000,
  editSeconds: 86_400,
  deleteSeconds: 172_800,
  emojiPerMessage: 20,
};

const SIZES: KindSizes = { typing: 100, receipts: 100, presence: 100, mentionAll: 1_000 };

const OPEN: KindRules = {
  access: 'Open',
  create: 'Anyone',
  join: 'Anyone',
  write: 'Everyone',
  history: 'All',
  maxMembers: 0,
  invite: 'Moderator',
  publish: 'Enabled',
  limits: LIMITS,
  sizes: SIZES,
};
const GROUP: KindRules = {
  ...OPEN,
  access: 'Members',
  join: 'Invite',
  write: 'Members',
  maxMembers: 500,
  publish: 'Disabled',
};

/** Defaults of the fields that a declared kind leaves out, by its access. */
export const DEFAULTS_BY_ACCESS: Readonly<Record<KindRules['access'], KindRules>> = {
  Open: OPEN,
  Claim: { ...OPEN, access: 'Claim', create: 'Nobody', publish: 'Disabled' },
  Members: GROUP,
};

/** Kind of the users' inboxes. */
export const INBOX_KIND = 'user';

/** Kind of the rooms in which the platform speaks to everybody: services write, every signed-in user reads. */
export const SYSTEM_KIND = 'system';

/** Kinds that cannot be declared, each with what it is for. */
export const RESERVED_KINDS: ReadonlyMap<string, string> = new Map([
  [INBOX_KIND, "the kind of the users' inboxes"],
  [SYSTEM_KIND, 'the kind of announcements'],
]);

/** Kinds that exist without a declaration. `channel` does not if the option `roomKinds` lists other kinds alone. */
export const BUILT_IN_KINDS: ReadonlyMap<string, KindRules> = new Map([
  ['channel', OPEN],
  ['group', GROUP],
  ['dm', { ...GROUP, create: 'Nobody', maxMembers: 2, invite: 'Admin' }],
  [
    SYSTEM_KIND,
    {
      ...OPEN,
      create: 'Nobody',
      write: 'Staff',
      publish: 'Disabled',
      limits: { ...LIMITS, emojiPerMessage: 0 },
      sizes: { typing: 0, receipts: 0, presence: 0, mentionAll: 0 },
    },
  ],
  [INBOX_KIND, { ...GROUP, create: 'Nobody', maxMembers: 1, invite: 'Admin', publish: 'Enabled' }],
]);

/**
 * Rules of a declared kind. A field that is left out is that of the built-in kind of this name. With another access than the
 * built-in kind's, or without such a kind, it is the default of the access. The default of `access` itself is `Members`, the
 * narrowest.
 */
export function rulesOf(name: string, { limits, sizes, ...given }: DeclaredKind): KindRules {
  const builtIn = BUILT_IN_KINDS.get(name);
  const access = given.access ?? builtIn?.access ?? 'Members';
  const base = builtIn?.access === access ? builtIn : DEFAULTS_BY_ACCESS[access];
  return { ...base, ...given, limits: { ...base.limits, ...limits }, sizes: { ...base.sizes, ...sizes } };
}
