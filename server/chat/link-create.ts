import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { linkHash } from './link-tokens.ts';
import { about, int, optional, text } from './params.ts';
import { ACT, demandFuture, timeParam } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

/** Links of a room that can be used at the same time. */
const MOST_LINKS = 20;
/** Joins that a link may allow: more are no limit. */
const MOST_USES = 100_000;
const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** Longest life of a link: one that is forgotten must end. */
const MOST_DAYS = 30;

export const linkCreate = verb({
  summary: 'Makes a link with which users join a room.',
  details: 'The room keeps only a hash of the token. A repeat answers the same token.',
  params: {
    ...ACT,
    uses: about(optional(int({ max: MOST_USES })), 'Most joins with it; 0 for no limit. Default: 0.'),
    expires: about(
      optional(timeParam),
      `Its end, milliseconds since 1970, at most ${MOST_DAYS} days ahead. Default: in ${DEFAULT_DAYS} days.`,
    ),
  },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above',
  result: {
    token: about(text({ min: 1 }), 'Secret for `room.join`.'),
    hash: about(text({ min: 1 }), 'Name of the link in `link.list`.'),
    expires: about(timeParam, 'Its end, milliseconds since 1970.'),
    ...VERSION,
  },
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.conflict, when: 'A repeat after the signing secret was replaced: make another link.' },
    { error: ERRORS.limitExceeded, when: `The room has ${MOST_LINKS} links.` },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a4-0a00-7b22-9c3d-4e5f6a7b8c9d', uses: 10 },
    result: {
      token: 'uXq0p3ZkT5mJ8sW1yB2nHg',
      hash: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
      expires: 1_764_500_000_000,
      cv: 18,
      duplicate: false,
    },
  },
  async run(call, { room, id, uses = 0, expires }, chat) {
    const now = chat.clocks.wallClock();
    if (expires !== undefined) demandFuture('expires', expires, now);
    if (expires !== undefined && expires > now + MOST_DAYS * DAY_MS)
      throw new CommandError(ERRORS.badRequest, `expires must be at most ${MOST_DAYS} days ahead`);
    const token = chat.links.tokenOf(call.identity.user, room, id);
    const hash = linkHash(token);
    const decide = (view: RoomView) => {
      view.demand('link');
      const links = [...view.state.links.values()].filter(link => link.expires > view.now);
      if (links.length >= MOST_LINKS)
        throw new CommandError(ERRORS.limitExceeded, `a room has at most ${MOST_LINKS} links`);
      return { act: 'link', hash, uses, expires: expires ?? now + DEFAULT_DAYS * DAY_MS } as const;
    };
    const done = await commit(call, chat, { room, id, decide });
    const link = done.state.links.get(hash);
    if (!link) throw new CommandError(ERRORS.conflict, 'the link of this id has ended: make another one');
    return { token, hash, expires: link.expires, ...versionOf(done) };
  },
});
