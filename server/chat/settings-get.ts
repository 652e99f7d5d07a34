import { NO_SETTINGS, settingsFrom } from '../fold/user-settings.ts';
import { SETTINGS } from './settings-params.ts';
import { verb } from './verb.ts';

export const settingsGet = verb({
  summary: "Reads the caller's settings.",
  details: 'One that the caller never changed has its default: `everyone`, receipts `on`, not invisible.',
  params: {},
  may: null,
  result: SETTINGS,
  example: { params: {}, result: settingsFrom(NO_SETTINGS) },
  async run(call, _, chat) {
    call.placed();
    const { user } = call.identity;
    return (await chat.settings.fresh([user])).get(user) ?? settingsFrom(NO_SETTINGS);
  },
});
