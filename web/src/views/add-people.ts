import type { Chat } from '../../../client/chat.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { usersOf } from '../page/users-of.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';
import { peopleSearch } from './people-search.ts';

/** Asks for users to add to a room at once, or to invite. */
export function askPeople(parent: HTMLElement, texts: Texts, chat: Chat, room: string): void {
  const people = dialogField(texts.text('group.people'), { placeholder: 'bob, carol', autocapitalize: 'none' });
  const run = async (verb: 'room.add' | 'room.invite') => {
    const users = usersOf(people.input.value);
    if (users.length === 0) {
      people.input.focus();
      return;
    }
    const call = async () => {
      const answer = await chat.act(verb, { room, users });
      const refused = users.filter(user => answer.users[user] === 'refused');
      if (refused.length === 0) return dialog.close();
      people.input.value = refused.join(', ');
      dialog.problem(texts.text('members.refused', { users: texts.list(refused) }));
    };
    await dialog.run(call, error => actProblem(texts, error));
  };
  const dialog = new Dialog(parent, {
    title: texts.text('members.add'),
    content: [
      dialogForm(
        () => void run('room.add'),
        people.row,
        peopleSearch(texts, chat, people.input),
        element('p', { text: texts.text('members.addNote') }),
        dialogButtons(
          dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
          dialogButton(texts.text('members.invite'), 'secondary', () => void run('room.invite')),
          dialogButton(texts.text('members.addNow'), 'primary', 'submit'),
        ),
      ),
    ],
  });
  people.input.focus();
}
