import { element, type KeyedView, setText } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import type { Chip, MessageRow, OutgoingRow } from '../page/message-rows.ts';

/** Users who are named in a reaction's label; the others are counted. */
const MOST_NAMED = 10;

/** The reactions below a message: buttons that put this user's own there, or take it away. */
export function chipView(
  row: MessageRow | OutgoingRow,
  {
    texts,
    onReact,
  }: { readonly texts: Texts; readonly onReact: (row: MessageRow, emoji: string, on: boolean) => void },
): KeyedView<Chip> {
  return {
    key: ({ emoji }) => emoji,
    create: ({ emoji }) => {
      const button = element(
        'button',
        {
          class: 'chip',
          attributes: { type: 'button' },
          // The chip may have changed since it was made: what is shown decides.
          on: { click: () => row.kind === 'message' && onReact(row, emoji, button.ariaPressed !== 'true') },
        },
        element('span', { class: 'emoji', text: emoji }),
        element('span', { class: 'count' }),
      );
      return button;
    },
    update: (button, { emoji, users, count, own }) => {
      const label = texts.text('message.reactors', { emoji, users: namesOf(users, count, texts) });
      button.ariaPressed = String(own);
      button.ariaLabel = label;
      button.title = label;
      const shown = button.querySelector('.count');
      if (shown) setText(shown, texts.number(count));
    },
  };
}

function namesOf(users: readonly string[], count: number, texts: Texts): string {
  const named = users.slice(0, MOST_NAMED);
  const rest = count - named.length;
  return texts.list(rest > 0 ? [...named, texts.count('message.moreUsers', rest)] : named);
}
