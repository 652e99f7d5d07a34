import type { Chat } from '../../../client/chat.ts';
import type { Texts } from '../i18n/language.ts';
import { usersOf } from '../page/users-of.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';

/** Asks for the name and members of a group, and makes it. @param onCreated gets its room */
export function askCreateGroup(parent: HTMLElement, texts: Texts, chat: Chat, onCreated: (room: string) => void): void {
  const name = dialogField(texts.text('group.name'), { maxlength: '100', name: 'group-name' });
  const people = dialogField(texts.text('group.people'), { placeholder: 'bob, carol', autocapitalize: 'none' });
  const create = async () => {
    const members = usersOf(people.input.value).filter(user => user !== chat.user);
    const call = async () => {
      const { room } = await chat.act('room.create', { kind: 'group', name: name.input.value.trim(), members });
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
        people.row,
        dialogButtons(
          dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
          dialogButton(texts.text('group.submit'), 'primary', 'submit'),
        ),
      ),
    ],
  });
  name.input.focus();
}
