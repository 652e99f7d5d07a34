import type { RoomBan } from '../../../client/room-info.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';

/** Users who are banned, folded up under their number, each with a button that ends the ban. Empty for nobody. */
export function bansView(
  texts: Texts,
  bans: readonly RoomBan[],
  onEnd: (user: string) => void,
): readonly HTMLElement[] {
  if (bans.length === 0) return [];
  const row = ({ user, until, reason }: RoomBan) => {
    const end = until === 0 ? '' : texts.text('bans.until', { time: texts.dayAndTime(until) });
    const more = [reason, end].filter(text => text !== '').join('\n');
    return element(
      'li',
      { class: 'person' },
      avatar(user),
      element('span', { class: 'person-name', text: user, attributes: { dir: 'auto' } }),
      element('span', { class: 'person-more', text: more, attributes: { dir: 'auto' } }),
      element(
        'span',
        { class: 'person-acts' },
        iconButton('close', texts.text('bans.end', { user }), () => onEnd(user)),
      ),
    );
  };
  return [
    element(
      'details',
      {},
      element('summary', { text: texts.count('bans.count', bans.length) }),
      element('ul', { class: 'people-list' }, ...bans.map(row)),
    ),
  ];
}
