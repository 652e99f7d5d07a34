import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { COMMIT_ERRORS, commit, VERSION, versionOf } from './commit.ts';
import { about, int, optional } from './params.ts';
import { ACT, givenTexts, TEXTS } from './room-params.ts';
import type { RoomView } from './room-view.ts';
import { verb } from './verb.ts';

export const roomUpdate = verb({
  summary: 'Changes the name, the topic or the avatar of a room.',
  params: {
    ...ACT,
    cv: about(optional(int()), 'Version that the caller saw. Default: any, the last change counts.'),
    ...TEXTS,
  },
  may: null,
  who: 'admins and owners; the topic also moderators',
  result: VERSION,
  errors: [
    ...COMMIT_ERRORS,
    { error: ERRORS.conflict, when: 'The room has another version than `cv`: the message names it.' },
  ],
  example: {
    params: { room: 'group:tea', id: '0190f3a3-1a00-7b22-9c3d-4e5f6a7b8c9d', topic: 'Which tea?' },
    result: { cv: 2, duplicate: false },
  },
  async run(call, { room, id, cv, ...texts }, chat) {
    const { name, topic, avatar } = texts;
    if (name === undefined && topic === undefined && avatar === undefined)
      throw new CommandError(ERRORS.badRequest, 'name, topic or avatar must be given');
    const decide = (view: RoomView) => {
      view.demand(name === undefined && avatar === undefined ? 'topic' : 'settings');
      const { state } = view;
      if (cv !== undefined && cv !== state.cv)
        throw new CommandError(ERRORS.conflict, `the room has the version ${state.cv}`);
      const isSame = (text: string | undefined, now: string) => text === undefined || text === now;
      const nothing = isSame(name, state.name) && isSame(topic, state.topic) && isSame(avatar, state.avatar);
      return nothing ? null : ({ act: 'update', ...givenTexts(texts) } as const);
    };
    return versionOf(await commit(call, chat, { room, id, decide }));
  },
});
