import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, text } from './params.ts';
import { ACT } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const linkRevoke = verb({
  summary: 'Ends a link into a room.',
  params: { ...ACT, hash: about(text({ min: 1, max: 64 }), 'Name of the link, from `link.list`.') },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above',
  result: VERSION,
  errors: [...COMMIT_ERRORS, { error: ERRORS.notFound, when: 'The room has no such link.' }],
  example: {
    params: {
      room: 'group:tea',
      id: '0190f3a4-1a00-7b22-9c3d-4e5f6a7b8c9d',
      hash: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
    },
    result: { cv: 19, duplicate: false },
  },
  async run(call, { room, id, hash }, chat) {
    const decide = (view: RoomView) => {
      view.demand('link');
      if (!view.state.links.has(hash)) throw new CommandError(ERRORS.notFound, `the room has no link ${hash}`);
      return { act: 'unlink', hash } as const;
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
