import type { UserState } from '../../../client/user-states.ts';
import type { Texts } from '../i18n/language.ts';

/** Shows at a row whether its user is there, or was last: a dot, and in words for whoever points at the row or does not see it. */
export function showState(
  row: Element,
  texts: Texts,
  { state, lastSeen = 0 }: Pick<UserState, 'state' | 'lastSeen'>,
): void {
  row.setAttribute('data-state', state);
  if (state !== 'offline') row.setAttribute('title', texts.text(`state.${state}`));
  else if (lastSeen > 0) row.setAttribute('title', texts.text('state.seen', { time: texts.dayAndTime(lastSeen) }));
  else row.removeAttribute('title');
}
