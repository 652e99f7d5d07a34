import { ERRORS } from '../protocol/codes.ts';
import { about, int, list, object, roomName, text } from './params.ts';
import { timeParam, userId } from './room-params.ts';
import { readerView } from './room-view.ts';
import { verb } from './verb.ts';

const LINK = {
  hash: about(text({ min: 1 }), 'Name of the link.'),
  by: about(userId, 'User who made it.'),
  uses: about(int(), 'Most joins with it; 0 for no limit.'),
  used: about(int(), 'Joins so far.'),
  expires: about(timeParam, 'Its end, milliseconds since 1970.'),
  created: about(timeParam, 'Milliseconds since 1970.'),
};

export const linkList = verb({
  summary: 'Lists the links into a room that can be used. Their tokens are known to those who made them alone.',
  params: { room: roomName },
  may: null,
  who: 'members of the rank that the kind names in `invite`, and above',
  result: { items: about(list(object(LINK), 20), 'Links, the oldest first.') },
  errors: [{ error: ERRORS.gone, when: 'The room is deleted.' }],
  example: {
    params: { room: 'group:tea' },
    result: {
      items: [
        {
          hash: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
          by: 'ann',
          uses: 10,
          used: 1,
          expires: 1_764_500_000_000,
          created: 1_764_400_000_000,
        },
      ],
    },
  },
  async run(call, { room }, chat) {
    call.placed();
    const view = await readerView(chat, call.identity, room);
    view.demand('link');
    const links = [...view.state.links].filter(([, { expires }]) => expires > view.now);
    return { items: links.map(([hash, link]) => ({ hash, ...link })) };
  },
});
