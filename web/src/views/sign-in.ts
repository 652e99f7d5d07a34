import { element, setText } from '../dom/element.ts';
import { mark } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { TokenError } from '../page/sign-in-token.ts';

export interface SignInOptions {
  readonly texts: Texts;
  /** Name in the field at the start. */
  readonly name: string;
  readonly languageSelect: HTMLElement;
  /** Rejects with {@link TokenError}, whose text is then shown. */
  readonly onSubmit: (name: string) => Promise<void>;
}

export function signInView({ texts, name, languageSelect, onSubmit }: SignInOptions): HTMLElement {
  const input = element('input', {
    attributes: {
      id: 'name',
      name: 'name',
      autocomplete: 'nickname',
      autocapitalize: 'none',
      spellcheck: 'false',
      maxlength: '64',
      placeholder: texts.text('signIn.placeholder'),
      'aria-describedby': 'sign-in-problem sign-in-note',
    },
    on: { input: () => show('') },
  });
  input.value = name;
  const problem = element('p', { class: 'problem', attributes: { id: 'sign-in-problem', role: 'alert' } });
  const submit = element('button', {
    class: 'primary',
    text: texts.text('signIn.submit'),
    attributes: { type: 'submit' },
  });

  const show = (message: string) => {
    setText(problem, message);
    input.setAttribute('aria-invalid', String(message !== ''));
  };
  const submitName = async () => {
    const wanted = input.value.trim();
    if (wanted === '') {
      show(texts.text('signIn.empty'));
      input.focus();
      return;
    }
    submit.disabled = true;
    setText(submit, texts.text('signIn.working'));
    try {
      await onSubmit(wanted);
    } catch (thrown) {
      show(texts.text(thrown instanceof TokenError ? thrown.text : 'signIn.unreachable'));
      input.focus();
    } finally {
      submit.disabled = false;
      setText(submit, texts.text('signIn.submit'));
    }
  };

  return element(
    'main',
    { class: 'sign-in' },
    element(
      'form',
      {
        class: 'card',
        attributes: { novalidate: '' },
        on: {
          submit: event => {
            event.preventDefault();
            void submitName();
          },
        },
      },
      mark(),
      element('h1', { text: texts.text('signIn.title') }),
      element('p', { class: 'lead', text: texts.text('signIn.lead') }),
      element('label', { text: texts.text('signIn.name'), attributes: { for: 'name' } }),
      input,
      problem,
      submit,
      element('p', { class: 'note', text: texts.text('signIn.note'), attributes: { id: 'sign-in-note' } }),
    ),
    languageSelect,
  );
}
