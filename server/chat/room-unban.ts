import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { ON_USER } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomUnban = verb({
  summary: 'Ends the ban of a user. It makes the user no member.',
  params: ON_USER,
  may: null,
  who: 'moderators and above',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.notFound, when: 'The user is not banned.' }],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-7a00-7b22-9c3d-4e5f6a7b8c9d', user: 'eve' },
    result: { cv: 8, duplicate: false },
  },
  async run(call, { room, id, user }, chat) {
    const decide = (view: RoomView) => {
      view.demand('unban');
      if (view.known(user)?.state !== 'banned')
        throw new CommandError(ERRORS.notFound, `${user} is not banned from the room`);
      return { act: 'unban', user } as const;
    };
    return versionOf(await commit(call, chat, { room, id, users: [user], decide }));
  },
});
