import { ERRORS } from '../protocol/codes.ts';
import { meAct } from './me-act.ts';
import { about, bool, uuid7 } from './params.ts';
import { STATUS, statusOf } from './profile-params.ts';
import { demandFuture } from './room-params.ts';
import { verb } from './verb.ts';

export const statusSet = verb({
  summary: "Replaces the caller's status, which is part of the profile.",
  details:
    'What is missing is empty then: without words and emoji the caller has no status. After `until` it is not shown any more.',
  params: { id: about(uuid7, 'Id of the act, unique for its user.'), ...STATUS },
  may: null,
  result: { duplicate: about(bool, 'True if the act was done before.') },
  errors: [{ error: ERRORS.badRequest, when: '`until` is over.' }],
  example: {
    params: { id: '0190f3a6-2a00-7a11-8b2c-3d4e5f6a7b8c', text: 'On holiday', emoji: '🌴', until: 4_000_000_000_000 },
    result: { duplicate: false },
  },
  async run(call, { id, ...given }, chat) {
    const { until } = given;
    if (until !== undefined) demandFuture('until', until, chat.clocks.wallClock());
    return await meAct(call, chat, { id, content: { status: statusOf(given) } });
  },
});
