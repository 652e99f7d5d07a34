import type { Mentions } from '../../../server/fold/mentions.ts';
import { element } from '../dom/element.ts';
import { stretchesOf } from '../dom/links.ts';
import { mentionWords } from '../page/mention-words.ts';

/** Text of a message, with its links, and with marks on the words that mention somebody. */
export const messageText = (text: string, said: Mentions): Node[] =>
  stretchesOf(text).flatMap(({ text: shown, href }) => {
    if (href === undefined)
      return mentionWords(shown, said).map(word => (word.mention ? mark(word.text) : plain(word.text)));
    const attributes = { href, target: '_blank', rel: 'noopener noreferrer nofollow' };
    return [element('a', { text: shown, attributes })];
  });

const plain = (text: string): Text => document.createTextNode(text);
const mark = (text: string): HTMLElement => element('span', { class: 'mention', text });
