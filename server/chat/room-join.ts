import type { KindRules } from '../contract/room-kinds.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { linkHash } from './link-tokens.ts';
import { ownAct } from './own-act.ts';
import { about, optional, text } from './params.ts';
import { ACT } from './room-params.ts';
import { type RoomView, rulesFor } from './room-view.ts';
import { demandPlaceOf, withoutPlace } from './rooms-of-user.ts';
import { verb } from './verb.ts';

export const roomJoin = verb({
  summary: 'Makes the caller a member of a room.',
  params: { ...ACT, link: about(optional(text({ min: 1, max: 64 })), 'Token of a link into the room.') },
  may: null,
  who: 'every signed-in user, in kinds with `join: Anyone`; users with a link; users who are invited',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.limitExceeded, when: 'The room is full, or the caller has 2,000 rooms.' },
    { error: ERRORS.gone, when: 'The link has ended or never was, or the room is deleted.' },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a4-2a00-7b22-9c3d-4e5f6a7b8c9d', link: 'uXq0p3ZkT5mJ8sW1yB2nHg' },
    result: { cv: 20, duplicate: false },
  },
  async run(call, { room, id, link }, chat) {
    if (link === undefined && isOwnAct(rulesFor(chat, room)))
      return await ownAct(call, chat, { room, id, on: true, check: demandJoin });
    const hash = link === undefined ? undefined : linkHash(link);
    const full = await withoutPlace(chat, room, [call.identity.user]);
    const decide = (view: RoomView) => {
      if (view.rank(view.user) !== null && !view.state.deleted) return null;
      const known = hash === undefined ? undefined : view.state.links.get(hash);
      if (hash === undefined) view.demand('join');
      else if (!known || known.expires <= view.now || view.state.deleted || view.isBanned(view.user))
        throw new CommandError(ERRORS.gone, 'the link has ended or never was');
      demandPlaceOf([view.user], full);
      view.demandPlaceFor(1);
      return { act: 'join', ...(hash === undefined ? {} : { link: hash }) } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});

/** Refuses a join. One of a member is a repeat. @throws {CommandError} */
function demandJoin(view: RoomView): void {
  if (view.rank(view.user) === null || view.state.deleted) view.demand('join');
}

/** True if a join is the user's own matter: it changes nothing for the room, so the room's log has no entry of it. */
const isOwnAct = ({ access, maxMembers, history }: KindRules) =>
  access !== 'Members' && maxMembers === 0 && history === 'All';
