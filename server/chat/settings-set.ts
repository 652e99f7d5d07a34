import { NO_SETTINGS, settingsFrom } from '../fold/user-settings.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { demandBlocksKept } from './kept.ts';
import { meAct } from './me-act.ts';
import { about, bool, uuid7 } from './params.ts';
import { givenSettings, SETTINGS, SOME_SETTINGS } from './settings-params.ts';
import { verb } from './verb.ts';

export const settingsSet = verb({
  summary: "Changes the caller's settings.",
  details: [
    'Each setting is of its own: of two devices that change another one at the same time both count. Gateways heed a change within',
    "ten seconds. It comes to the caller's other devices as an entry `me` of the inbox.",
  ].join('\n'),
  params: { id: about(uuid7, 'Id of the act, unique for its user.'), ...SOME_SETTINGS },
  may: null,
  result: { ...SETTINGS, duplicate: about(bool, 'True if the act was done before.') },
  errors: [
    { error: ERRORS.badRequest, when: 'No setting is given.' },
    { error: ERRORS.internal, when: 'Gateways of the release before are still there. Temporary.' },
  ],
  example: {
    params: { id: '0190f3a6-0a00-7a11-8b2c-3d4e5f6a7b8c', privacy: { add: 'friends' } },
    result: {
      privacy: { ...settingsFrom(NO_SETTINGS).privacy, add: 'friends' },
      invisible: false,
      duplicate: false,
    },
  },
  async run(call, { id, ...asked }, chat) {
    const content = givenSettings(asked);
    if (!content) throw new CommandError(ERRORS.badRequest, 'privacy or invisible must be given');
    await demandBlocksKept(chat);
    const { user } = call.identity;
    const { duplicate } = await meAct(call, chat, { id, content });
    const settings = (await chat.settings.fresh([user])).get(user) ?? settingsFrom(NO_SETTINGS);
    return { ...settings, duplicate };
  },
});
