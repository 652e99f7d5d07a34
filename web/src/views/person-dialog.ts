import { element, showOnChange } from '../dom/element.ts';
import { avatar } from './avatar.ts';
import { confirmAct } from './confirm.ts';
import { Dialog, dialogButton, dialogButtons } from './dialog.ts';
import { actOn, actsOn, nameOf, type PeopleContext, type PersonAct, personProblem } from './person-acts.ts';

const DANGEROUS: ReadonlySet<PersonAct> = new Set(['remove', 'block']);

/** Asks whether to block a user, and does it. */
function askBlock(parent: HTMLElement, context: PeopleContext, user: string): void {
  const { texts, chat } = context;
  confirmAct(parent, texts, {
    title: texts.text('person.blockTitle', { user: nameOf(chat, user) }),
    note: texts.text('person.blockNote'),
    confirm: texts.text('person.block'),
    danger: true,
    run: () => actOn(context, 'block', user),
    problem: error => personProblem(texts, nameOf(chat, user), error),
  });
}

/** Buttons for all that the user may do on another one, for a dialog that closes by it. */
export function personChoices(
  parent: HTMLElement,
  context: PeopleContext,
  user: string,
  dialog: () => Dialog,
): HTMLElement[] {
  const { texts, chat } = context;
  const run = async (act: PersonAct) => {
    if (act === 'block') {
      dialog().close();
      return askBlock(parent, context, user);
    }
    const call = () => actOn(context, act, user);
    if (await dialog().run(call, error => personProblem(texts, nameOf(chat, user), error))) dialog().close();
  };
  return actsOn(chat, user).map(act =>
    dialogButton(
      texts.text(act === 'write' ? 'person.writeTo' : `person.${act}`, { user: nameOf(chat, user) }),
      DANGEROUS.has(act) ? 'secondary danger-text' : 'secondary',
      () => void run(act),
    ),
  );
}

/** Shows what a user tells about themselves, and what this user may do. */
export function showPerson(parent: HTMLElement, context: PeopleContext, user: string): void {
  const { texts, chat } = context;
  const [facts, choices] = [element('div'), element('div', { class: 'choices' })];
  const update = () => {
    dialog.rename(nameOf(chat, user));
    facts.replaceChildren(personFacts(context, user));
    showOnChange(choices, [nameOf(chat, user), actsOn(chat, user)], () =>
      personChoices(parent, context, user, () => dialog),
    );
  };
  const undo = [chat.profiles.changed, chat.people.changed].map(changed => changed.add(update));
  const dialog: Dialog = new Dialog(parent, {
    title: nameOf(chat, user),
    onClose: () => {
      for (const each of undo) each();
    },
    content: [
      facts,
      choices,
      dialogButtons(dialogButton(texts.text('nav.closeMenu'), 'secondary', () => dialog.close())),
    ],
  });
  update();
  choices.querySelector('button')?.focus();
}

/** Id, friendship, status and words of a user. */
function personFacts({ texts, chat }: PeopleContext, user: string): HTMLElement {
  const { about = '', status, name = '' } = chat.profiles.of(user) ?? {};
  const line = (className: string, text: string) =>
    text === '' ? null : element('p', { class: className, text, attributes: { dir: 'auto' } });
  const { people } = chat;
  const state = people.friendshipWith(user);
  const relation = people.blocks(user) ? 'blocked' : state;
  return element(
    'div',
    { class: 'person-facts' },
    avatar(user),
    element(
      'div',
      {},
      line('person-id', name === '' ? '' : user),
      line('person-relation', relation === 'none' ? '' : texts.text(`person.state.${relation}`)),
      line('person-status', statusLine(status, chat.now())),
      line('person-words', about),
    ),
  );
}

/** Status in one line; empty for none, and for one that has ended. */
export const statusLine = (
  status: { readonly text?: string; readonly emoji?: string; readonly until?: number } | undefined,
  now: number,
): string => {
  if (!status || (status.until !== undefined && status.until <= now)) return '';
  return [status.emoji, status.text].filter(Boolean).join(' ');
};
