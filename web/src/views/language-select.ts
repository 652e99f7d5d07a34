import { element } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import { LANGUAGES, type Language, type Texts } from '../i18n/language.ts';

/** A choice of languages, each under its own name. */
export function languageSelect(texts: Texts, onChange: (language: Language) => void): HTMLElement {
  const select = element('select', {
    attributes: { 'aria-label': texts.text('language.label'), name: 'language' },
    on: { change: () => onChange(select.value as Language) },
  });
  for (const [tag, { name }] of Object.entries(LANGUAGES))
    select.append(element('option', { text: name, attributes: { value: tag, lang: tag } }));
  select.value = texts.language;
  return element('span', { class: 'language' }, icon('language'), select);
}
