import { inboxOf, MAX_CHANNEL_BYTES } from '../access/names.ts';
import { misnamedRoom } from '../access/policy.ts';
import { demandService } from '../access/service.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, bool, int, optional, text, uuid7 } from './params.ts';
import { userId } from './room-params.ts';
import { storeOnce } from './store-once.ts';
import { verb } from './verb.ts';

/** Unicode code points of a notice. */
const MOST_CHARACTERS = 2_000;

export const noticeSend = verb({
  summary: 'Tells one user something in the name of the platform.',
  details: [
    'A notice that is kept is an entry `notice` of the user’s inbox: it reaches devices that are offline now, and is stored once, however',
    'often its id is sent. One that is not kept is an [event](protocol.md#ephemeral-events) `notice` for the connections that the user',
    'has now, and may be lost.',
  ].join('\n'),
  who: 'services',
  params: {
    id: about(uuid7, 'Id of the notice.'),
    user: about(userId, 'User to tell.'),
    text: about(text({ min: 1, max: MOST_CHARACTERS }), 'Words of the notice.'),
    about: about(
      optional(text({ min: 3, max: MAX_CHANNEL_BYTES })),
      'Room that the notice is about, `kind:name`. Default: none.',
    ),
    keep: about(optional(bool), 'False for connected devices alone. Default: true.'),
  },
  may: null,
  result: {
    offset: about(optional(int({ min: 1 })), 'Place of the notice in the inbox. Missing for one that is not kept.'),
    duplicate: about(bool, 'True if the notice was stored before.'),
  },
  errors: [{ error: ERRORS.internal, when: 'The notice may or may not be stored: send it again with its id.' }],
  example: {
    params: { id: '0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c', user: 'bob', text: 'Your export is ready.' },
    result: { offset: 17, duplicate: false },
  },
  async run(call, { id, user, text, about: place, keep = true }, chat) {
    demandService(call.identity);
    if (place !== undefined && misnamedRoom(place))
      throw new CommandError(ERRORS.badRequest, `about must be kind:name, at most ${MAX_CHANNEL_BYTES} bytes`);
    const content = { text, ...(place === undefined ? {} : { about: place }), by: call.identity.user };
    if (keep) {
      const { offset, duplicate } = await storeOnce(call, chat, { room: inboxOf(user), id, type: 'notice', content });
      return { offset, duplicate };
    }
    call.placed();
    chat.ephemeral.user(user, { type: 'notice', id, ...content, time: chat.clocks.wallClock() });
    return { duplicate: false };
  },
});
