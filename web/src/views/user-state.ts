import type { UserState } from '../../../client/user-states.ts';
import type { Texts } from '../i18n/language.ts';

/** Shows at a row whether its user is there: a dot, and in words for whoever points at the row or does not see it. */
export function showState(row: Element, texts: Texts, state: UserState['state']): void {
  row.setAttribute('data-state', state);
  if (state === 'offline') row.removeAttribute('title');
  else row.setAttribute('title', texts.text(`state.${state}`));
}
