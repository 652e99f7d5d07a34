import type { Chat } from '../../../client/chat.ts';
import type { ResultOf } from '../../../client/verbs.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';

type Found = ResultOf<'user.search'>['users'];

/** Pause in typing after which people are looked for, in ms. */
const PAUSE_MS = 250;
/** People that are shown: what fits below the field. */
const MOST_SHOWN = 5;
/** Part of a field of ids behind the last separator. */
const LAST_PART = /[^,，、\n]*$/;

/** List of the people whom the last name in a field of ids finds. A click puts the id in its place. */
export function peopleSearch(texts: Texts, chat: Pick<Chat, 'call'>, input: HTMLInputElement): HTMLElement {
  const label = { 'aria-label': texts.text('people.found'), 'aria-live': 'polite' };
  const list = element('ul', { class: 'found-people', attributes: label });
  let pause: ReturnType<typeof setTimeout> | undefined;
  const asked = () => LAST_PART.exec(input.value)?.[0].trim() ?? '';
  const show = (found: Found) =>
    list.replaceChildren(
      ...found.map(({ user, name }) => {
        const choose = () => {
          input.value = input.value.replace(LAST_PART, () => ` ${user}`).trimStart();
          list.replaceChildren();
          input.focus();
        };
        const id = name === undefined ? null : element('span', { class: 'found-id', text: user });
        const text = element('span', { text: name ?? user });
        return element(
          'li',
          {},
          element('button', { attributes: { type: 'button' }, on: { click: choose } }, text, id),
        );
      }),
    );
  const look = async () => {
    const q = asked();
    const found = q === '' ? [] : await find(chat, q);
    if (asked() === q) show(found.filter(({ user }) => user !== q));
  };
  input.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(() => void look(), PAUSE_MS);
  });
  return list;
}

/** People by a text; none without an answer: ids can still be typed. */
const find = (chat: Pick<Chat, 'call'>, q: string): Promise<Found> =>
  chat.call('user.search', { q, limit: MOST_SHOWN }).then(
    ({ users }) => users,
    () => [],
  );
