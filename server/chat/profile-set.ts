import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { meAct } from './me-act.ts';
import { about, bool, uuid7 } from './params.ts';
import { PROFILE, profileOf } from './profile-params.ts';
import { verb } from './verb.ts';

/** Most bytes of a profile as JSON: `profile.get` answers a hundred of them. */
const MOST_BYTES = 4_096;

export const profileSet = verb({
  summary: "Replaces the caller's profile.",
  details: [
    'What is missing is empty then. Everybody may read it, but for users whom the caller blocks, who get name and avatar alone. A worker',
    "writes it within seconds. It comes to the caller's other devices as an entry `me` of the inbox.",
  ].join('\n'),
  params: { id: about(uuid7, 'Id of the act, unique for its user.'), ...PROFILE },
  may: null,
  result: { duplicate: about(bool, 'True if the act was done before.') },
  errors: [{ error: ERRORS.badRequest, when: `The profile has more than ${MOST_BYTES} bytes as JSON.` }],
  example: {
    params: {
      id: '0190f3a6-1a00-7a11-8b2c-3d4e5f6a7b8c',
      name: 'Ann Tea',
      avatar: 'https://example.org/ann.png',
      about: 'Drinks tea.',
      fields: [{ name: 'Office', value: 'Third floor' }],
    },
    result: { duplicate: false },
  },
  async run(call, { id, ...given }, chat) {
    const profile = profileOf(given);
    if (Buffer.byteLength(JSON.stringify(profile)) > MOST_BYTES)
      throw new CommandError(ERRORS.badRequest, `the profile must have at most ${MOST_BYTES} bytes as JSON`);
    return await meAct(call, chat, { id, content: { profile } });
  },
});
