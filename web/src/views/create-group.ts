import type { Chat } from '../../../client/chat.ts';
import type { ResultOf } from '../../../client/verbs.ts';
import { element } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';
import { usersOf } from '../page/users-of.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';
import { peopleSearch } from './people-search.ts';

type Kind = ResultOf<'room.kinds'>['items'][number];

/** Kind that is offered first. */
const USUAL = 'group';

function aboutKind({ access, join }: Kind): StringKey {
  return access === 'Members' ? `kind.${join}` : `kind.${access}`;
}

/** Asks for the name, kind and members of a room, and makes it. @param onCreated gets its room */
export function askCreateGroup(parent: HTMLElement, texts: Texts, chat: Chat, onCreated: (room: string) => void): void {
  const name = dialogField(texts.text('group.name'), { maxlength: '100', name: 'group-name' });
  const people = dialogField(texts.text('group.people'), { placeholder: 'bob, carol', autocapitalize: 'none' });
  const kind = element('select', { attributes: { name: 'kind' } });
  const kindRow = element('label', { class: 'field' }, element('span', { text: texts.text('discover.kind') }), kind);
  const offer = (kinds: readonly Kind[]) => {
    const offered = kinds.filter(each => each.create === 'Anyone');
    const option = (each: Kind) =>
      element('option', { text: `${each.kind} – ${texts.text(aboutKind(each))}`, attributes: { value: each.kind } });
    kind.replaceChildren(...offered.map(option));
    if (offered.some(each => each.kind === USUAL)) kind.value = USUAL;
    kindRow.hidden = offered.length < 2;
  };
  const create = async () => {
    const members = usersOf(people.input.value).filter(user => user !== chat.user);
    const call = async () => {
      const { room } = await chat.act('room.create', {
        kind: kind.value || USUAL,
        name: name.input.value.trim(),
        members,
      });
      dialog.close();
      onCreated(room);
    };
    await dialog.run(call, error => actProblem(texts, error));
  };
  const dialog = new Dialog(parent, {
    title: texts.text('groups.create'),
    content: [
      dialogForm(
        () => {
          if (name.input.value.trim() === '') {
            dialog.problem(texts.text('group.nameless'));
            name.input.focus();
          } else void create();
        },
        name.row,
        kindRow,
        people.row,
        peopleSearch(texts, chat, people.input),
        dialogButtons(
          dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
          dialogButton(texts.text('group.submit'), 'primary', 'submit'),
        ),
      ),
    ],
  });
  name.input.focus();
  offer([]);
  // A gateway of a version without the verb takes the usual kind.
  chat.call('room.kinds', {}).then(
    ({ items }) => offer(items),
    () => undefined,
  );
}
