import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { demandWindow, textRefusal } from './kind-limits.ts';
import { demandMentions, givenMentions, MENTIONS, MENTIONS_ERRORS } from './mentions-params.ts';
import { about, int, optional, roomName, text, uuid7 } from './params.ts';
import { demandRevision, demandThere, type SeenMessage, seenMessage } from './seen-message.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { TARGET } from './targets.ts';
import { verb } from './verb.ts';

export const messageEdit = verb({
  summary: 'Replaces the text of a message of the caller, and its mentions.',
  details: [
    'The edit with the highest offset counts, unless the message is deleted: a delete wins over every edit. With `rev` the edit',
    'counts only if nobody edited the message since that revision: of two authors at once one gets the error 409, which names the',
    'current revision. Sent again with the same id it answers the place of the first with `duplicate: true`, never 409.',
  ].join('\n'),
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the edit, as that of a message.'),
    ...TARGET,
    text: about(text({ min: 1 }), 'The new text, as long as that of a message.'),
    ...MENTIONS,
    rev: about(
      optional(int({ min: 1 })),
      'Revision of the message that the caller saw: `rev` of `message.list`. Default: the edit counts in any case.',
    ),
  },
  may: 'send',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room has no such message.' },
    { error: ERRORS.permissionDenied, when: 'The message is of another user.' },
    ...MENTIONS_ERRORS,
    { error: ERRORS.conflict, when: 'The message has another revision than `rev`.' },
    {
      error: ERRORS.gone,
      when: "The message is deleted, or older than `limits.editSeconds` of the room's kind, a day by default.",
    },
  ],
  example: {
    params: {
      room: 'channel:general',
      id: '0190f3a2-1d00-7a11-9c3d-2e4f6a8b0c1d',
      target: 1042,
      of: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b',
      text: 'Hello, all',
    },
    result: { offset: 1050, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, target, of, text, rev, ...params }, chat, access) {
    const mentions = givenMentions(params);
    let seen: SeenMessage | undefined;
    const check = async () => {
      const refusal = textRefusal(chat, room, text);
      if (refusal) throw refusal;
      seen = await seenMessage(chat, { room, access }, { target, of });
      const { message } = seen;
      if (message.user !== call.identity.user)
        throw new CommandError(ERRORS.permissionDenied, 'permission denied: the message is of another user');
      demandThere(message);
      demandWindow(chat, { room, time: message.time }, 'edit');
      if (rev !== undefined) demandRevision(message, rev);
      await demandMentions(chat, { room, access }, mentions);
      return undefined;
    };
    const content = { target, of, text, ...mentions, ...(rev === undefined ? {} : { rev }) };
    const stored = await storeOnce(call, chat, { room, id, type: 'edit', content, mentions, targets: [target], check });
    // Another edit may have come between: only the log says which one counts.
    if (seen && rev !== undefined && !stored.duplicate) {
      const after = await chat.folded.foldOn(room, seen.message, seen.upto, stored.offset);
      demandThere(after);
      demandRevision(after, stored.offset);
    }
    return resultOf(stored);
  },
});
