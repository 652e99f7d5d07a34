import { PRIVACY_VALUES } from '../fold/user-settings.ts';
import { about, bool, object, oneOf, optional, type ValuesOf } from './params.ts';

/** Settings of {@link Privacy}, with their purposes. */
export const PRIVACY = {
  dm: about(oneOf(...PRIVACY_VALUES.dm), 'Users who may open a room of the two. One that is open goes on.'),
  add: about(
    oneOf(...PRIVACY_VALUES.add),
    'Users who may add the caller to a room at once. Invitations, which the caller accepts, go on.',
  ),
  invite: about(oneOf(...PRIVACY_VALUES.invite), 'Users who may invite the caller to a room.'),
  request: about(oneOf(...PRIVACY_VALUES.request), 'Users who may ask the caller to be a friend.'),
  presence: about(oneOf(...PRIVACY_VALUES.presence), 'Users who may see whether the caller is online.'),
  receipts: about(
    oneOf(...PRIVACY_VALUES.receipts),
    '`off`: others do not see what the caller has read, nor the caller what they have.',
  ),
};

/** Some settings of {@link Privacy}. */
export const SOME_PRIVACY = {
  dm: optional(PRIVACY.dm),
  add: optional(PRIVACY.add),
  invite: optional(PRIVACY.invite),
  request: optional(PRIVACY.request),
  presence: optional(PRIVACY.presence),
  receipts: optional(PRIVACY.receipts),
};

const INVISIBLE = about(bool, 'True if the caller looks offline to everybody.');

/** Settings of a user. */
export const SETTINGS = { privacy: about(object(PRIVACY), 'Privacy.'), invisible: INVISIBLE };

/** Settings that a call changes. */
export const SOME_SETTINGS = {
  privacy: about(optional(object(SOME_PRIVACY)), 'Privacy. Settings that are missing stay as they are.'),
  invisible: optional(INVISIBLE),
};

/** Settings that a call changes, as its entry has them; null for none. */
export function givenSettings({ privacy = {}, invisible }: ValuesOf<typeof SOME_SETTINGS>) {
  const isPrivate = Object.keys(privacy).length > 0;
  if (!isPrivate && invisible === undefined) return null;
  return { ...(isPrivate ? { privacy } : {}), ...(invisible === undefined ? {} : { invisible }) };
}
