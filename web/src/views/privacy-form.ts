import type { Settings, SettingsChange } from '../../../client/own-settings.ts';
import { PRIVACY_VALUES } from '../../../server/fold/user-settings.ts';
import { element, setText } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import { actProblem } from './act-problem.ts';
import type { PeopleContext } from './person-acts.ts';

type Audience = Exclude<keyof Settings['privacy'], 'receipts'>;

/** Settings that name users, in the order of the form, each with its note. */
const AUDIENCES: Readonly<Record<Audience, StringKey | null>> = {
  dm: null,
  add: 'privacy.addNote',
  invite: null,
  request: null,
  presence: null,
};

/** Form with the user's own settings. Each change is stored at once. */
export function privacyForm({ texts, chat }: PeopleContext): {
  readonly panel: HTMLElement;
  readonly onShow: () => void;
  readonly dispose: () => void;
} {
  const { settings } = chat.people;
  const told = element('p', { class: 'told', attributes: { role: 'status' } });
  const problem = element('p', { class: 'problem', attributes: { role: 'alert' } });
  const selects = new Map<Audience, HTMLSelectElement>();
  const receipts = element('input', { attributes: { type: 'checkbox' } });
  const invisible = element('input', { attributes: { type: 'checkbox' } });

  const show = (current: Settings | null) => {
    for (const control of [...selects.values(), receipts, invisible]) control.disabled = current === null;
    if (!current) return;
    for (const [setting, select] of selects) select.value = current.privacy[setting];
    receipts.checked = current.privacy.receipts === 'on';
    invisible.checked = current.invisible;
  };
  const run = async (call: () => Promise<unknown>, done: string) => {
    setText(told, '');
    setText(problem, '');
    try {
      await call();
      setText(told, done);
    } catch (error) {
      setText(problem, actProblem(texts, error));
      // What was chosen does not count.
      show(settings.current);
    }
  };
  const store = (change: SettingsChange) => void run(() => settings.set(change), texts.text('profile.saved'));

  const audience = (setting: Audience) => {
    const select = element('select', {
      on: { change: () => store({ privacy: { [setting]: select.value } as SettingsChange['privacy'] & object }) },
    });
    for (const value of PRIVACY_VALUES[setting])
      select.append(element('option', { text: texts.text(`privacy.${value}`), attributes: { value } }));
    selects.set(setting, select);
    const key = AUDIENCES[setting];
    const note = key && element('span', { class: 'field-note', text: texts.text(key) });
    return element(
      'label',
      { class: 'field' },
      element('span', { text: texts.text(`privacy.${setting}`) }),
      select,
      note,
    );
  };
  const check = (input: HTMLInputElement, label: string, note: string | null, change: () => SettingsChange) => {
    input.addEventListener('change', () => store(change()));
    const words = note === null ? null : element('span', { class: 'field-note', text: note });
    return element('label', { class: 'check' }, input, element('span', {}, element('span', { text: label }), words));
  };
  const panel = element(
    'div',
    {},
    element(
      'div',
      { class: 'privacy' },
      ...(Object.keys(AUDIENCES) as Audience[]).map(audience),
      check(receipts, texts.text('privacy.receipts'), texts.text('privacy.receiptsNote'), () => ({
        privacy: { receipts: receipts.checked ? 'on' : 'off' },
      })),
      check(invisible, texts.text('privacy.invisible'), null, () => ({ invisible: invisible.checked })),
    ),
    element('div', { class: 'privacy-end' }, told, problem),
  );
  show(settings.current);
  const dispose = settings.changed.add(() => show(settings.current));
  return { panel, dispose, onShow: () => void run(() => settings.read(), '') };
}
