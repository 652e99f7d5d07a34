import type { ReplyTo } from '../../../server/fold/entry.ts';
import { element } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import type { Quote } from '../page/message-rows.ts';

/** The message that a reply answers, above the text of the reply: a button that leads to it. */
export function quoteOf(quote: Quote, texts: Texts, onQuote: (replyTo: ReplyTo) => void): HTMLElement {
  if (quote.state === 'deleted')
    return element('div', { class: 'quote' }, element('span', { class: 'gone', text: texts.text('message.deleted') }));
  const { replyTo } = quote;
  const known = quote.state === 'known' ? quote : null;
  const label = known ? texts.text('quote.label', { user: known.user, text: known.text }) : texts.text('quote.unknown');
  return element(
    'button',
    { class: 'quote', attributes: { type: 'button', 'aria-label': label }, on: { click: () => onQuote(replyTo) } },
    known ? element('span', { class: 'quote-user', text: known.user, attributes: { dir: 'auto' } }) : icon('reply'),
    element('span', { class: 'quote-text', text: known?.text ?? label, attributes: { dir: 'auto' } }),
  );
}
