import type { UserProfile } from '../../../client/profiles.ts';
import { element, setText } from '../dom/element.ts';
import { actProblem } from './act-problem.ts';
import { dialogButton, dialogField, dialogForm } from './dialog.ts';
import type { PeopleContext } from './person-acts.ts';

const HOUR_MS = 3_600_000;
const CLEAR = { never: 0, hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS } as const;
type Clear = keyof typeof CLEAR;

/** Form with the user's own name, words and status. */
export function profileForm({ texts, chat }: PeopleContext): {
  readonly panel: HTMLElement;
  readonly onShow: () => void;
} {
  const name = dialogField(texts.text('profile.name'), { maxlength: '80', placeholder: chat.user });
  const status = dialogField(texts.text('profile.statusText'), {
    maxlength: '80',
    placeholder: texts.text('profile.statusHint'),
  });
  const emoji = dialogField(texts.text('profile.emoji'), { maxlength: '16', placeholder: '🙂' });
  const about = element('textarea', { attributes: { maxlength: '500', rows: '3' } });
  const clear = element('select');
  for (const id of Object.keys(CLEAR) as Clear[]) {
    const text = texts.text(id === 'never' ? 'profile.never' : `term.${id}`);
    clear.append(element('option', { text, attributes: { value: id } }));
  }
  const told = element('p', { class: 'told', attributes: { role: 'status' } });
  const problem = element('p', { class: 'problem', attributes: { role: 'alert' } });
  const save = dialogButton(texts.text('edit.save'), 'primary', 'submit');
  let known: UserProfile | null = null;
  let reading = false;

  const show = (profile: UserProfile) => {
    known = profile;
    name.input.value = profile.name ?? '';
    about.value = profile.about ?? '';
    const { text = '', emoji: sign = '', until } = profile.status ?? {};
    const over = until !== undefined && until <= chat.now();
    status.input.value = over ? '' : text;
    emoji.input.value = over ? '' : sign;
    save.disabled = false;
  };
  const read = async () => {
    if (known || reading) return;
    reading = true;
    save.disabled = true;
    try {
      const answer = await chat.call('profile.get', { users: [chat.user] });
      // What the inbox has said is newer than what a worker has written.
      show({ user: chat.user, ...answer.users[0], ...chat.profiles.of(chat.user) });
      setText(problem, '');
    } catch (error) {
      setText(problem, actProblem(texts, error));
    } finally {
      reading = false;
    }
  };
  const store = async ({
    name: oldName = '',
    about: oldAbout = '',
    avatar = '',
    fields = [],
    status: old,
  }: UserProfile) => {
    const next = { name: name.input.value.trim(), about: about.value.trim() };
    if (next.name !== oldName || next.about !== oldAbout) await chat.act('profile.set', { ...next, avatar, fields });
    const said = { text: status.input.value.trim(), emoji: emoji.input.value.trim() };
    const term = CLEAR[clear.value as Clear];
    const same = said.text === (old?.text ?? '') && said.emoji === (old?.emoji ?? '');
    const until = term > 0 && said.text + said.emoji !== '' ? chat.now() + term : 0;
    if (!same || until > 0) await chat.act('status.set', { ...said, ...(until > 0 ? { until } : {}) });
    known = { user: chat.user, ...next, avatar, fields, status: said };
  };
  const submit = async () => {
    if (!known) return;
    setText(told, '');
    setText(problem, '');
    save.disabled = true;
    try {
      await store(known);
      setText(told, texts.text('profile.saved'));
    } catch (error) {
      setText(problem, actProblem(texts, error));
    } finally {
      save.disabled = false;
      save.focus();
    }
  };
  const field = (label: string, control: HTMLElement) =>
    element('label', { class: 'field' }, element('span', { text: label }), control);
  const form = dialogForm(
    () => void submit(),
    name.row,
    field(texts.text('profile.about'), about),
    element('div', { class: 'fields status-fields' }, status.row, emoji.row),
    field(texts.text('profile.clear'), clear),
    element('p', { class: 'field-note', text: texts.text('profile.note') }),
    element('div', { class: 'form-end' }, told, problem, save),
  );
  return { panel: element('div', {}, form), onShow: () => void read() };
}
