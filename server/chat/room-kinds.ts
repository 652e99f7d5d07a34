import { INBOX_KIND } from '../contract/room-kinds.ts';
import { about, int, list, object, oneOf, text } from './params.ts';
import { verb } from './verb.ts';

/** Kinds of one answer: far above what a chat declares. */
const MOST_KINDS = 1_000;

const LIMITS = {
  textCharacters: about(int(), "Most Unicode code points of a message's text."),
  editSeconds: about(int(), 'Seconds in which authors edit a message; 0 for never.'),
  deleteSeconds: about(int(), 'Seconds in which authors delete a message for all; 0 for never.'),
  emojiPerMessage: about(int(), 'Most different emoji on one message; 0 for no reactions.'),
};

const SIZES = {
  typing: about(int(), 'Users see who is typing.'),
  receipts: about(int(), 'Members see who has read how far.'),
  presence: about(int(), 'Without effect in this release.'),
  mentionAll: about(int(), 'Moderators and above may mention everybody.'),
};

const KIND = {
  kind: about(text({ min: 1 }), 'Name of the kind: the part of the names of its rooms before the colon.'),
  access: about(oneOf('Open', 'Claim', 'Members'), 'Users who may read.'),
  create: about(
    oneOf('Anyone', 'Nobody'),
    'Users who may create rooms. `Nobody`: no user; such rooms are for the server API of a later release. Those of `dm` are made by `dm.open`.',
  ),
  join: about(oneOf('Anyone', 'Request', 'Invite'), 'Way to become a member.'),
  write: about(oneOf('Everyone', 'Members', 'Staff'), 'Users who may send.'),
  history: about(oneOf('All', 'Joined'), 'Messages that a member may read. `Joined`: those after the join.'),
  maxMembers: about(int(), 'Most members of one room; 0 for no limit.'),
  invite: about(oneOf('Member', 'Moderator', 'Admin'), 'Lowest rank that may invite and add users and make links.'),
  limits: about(object(LIMITS), 'Limits of messages.'),
  sizes: about(
    object(SIZES),
    'Members of a room up to which it has a feature; 0 for in no room. Where users read without joining, connections count.',
  ),
};

export const roomKinds = verb({
  summary: 'Lists the kinds of rooms with their rules, by name.',
  details: 'Rules may change while gateways run. The kind of the inboxes is not in the list.',
  params: {},
  may: null,
  result: { items: about(list(object(KIND), MOST_KINDS), 'Kinds.') },
  example: {
    params: {},
    result: {
      items: [
        {
          kind: 'group',
          access: 'Members',
          create: 'Anyone',
          join: 'Invite',
          write: 'Members',
          history: 'All',
          maxMembers: 500,
          invite: 'Moderator',
          limits: { textCharacters: 8_000, editSeconds: 86_400, deleteSeconds: 172_800, emojiPerMessage: 20 },
          sizes: { typing: 100, receipts: 100, presence: 100, mentionAll: 1_000 },
        },
      ],
    },
  },
  async run(call, _, chat) {
    call.placed();
    const items = [...chat.kinds()]
      .filter(([kind]) => kind !== INBOX_KIND)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, { access, create, join, write, history, maxMembers, invite, limits, sizes }]) => {
        const { textCharacters, editSeconds, deleteSeconds, emojiPerMessage } = limits;
        const messages = { textCharacters, editSeconds, deleteSeconds, emojiPerMessage };
        const { typing, receipts, presence, mentionAll } = sizes;
        const features = { typing, receipts, presence, mentionAll };
        return { kind, access, create, join, write, history, maxMembers, invite, limits: messages, sizes: features };
      });
    return { items };
  },
});
