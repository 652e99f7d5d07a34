import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import type { MayDo, RoomInfo } from '../../../client/room-info.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { confirmAct } from './confirm.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';

const ACTS: readonly MayDo[] = ['settings', 'topic', 'freeze', 'delete'];

/** True if the user may change anything about a room. */
export const mayChange = (info: RoomInfo): boolean => ACTS.some(act => info.may(act));

/** Shows what the user may change about a room: its name and topic, whether it is frozen, and its end. */
export function showSettings(parent: HTMLElement, texts: Texts, chat: Chat, room: Room): void {
  const { info, name: id } = room;
  const { name = '', topic = '', frozen = false } = info.state ?? {};
  const act = async (call: () => Promise<unknown>) => {
    if (await dialog.run(call, error => actProblem(texts, error))) dialog.close();
  };
  const nameField = info.may('settings') ? dialogField(texts.text('group.name'), { maxlength: '100' }) : null;
  const topicField = info.may('topic') ? dialogField(texts.text('settings.topic'), { maxlength: '500' }) : null;
  if (nameField) nameField.input.value = name;
  if (topicField) topicField.input.value = topic;
  const save = () => {
    const changes = {
      ...changed('name', nameField?.input.value, name),
      ...changed('topic', topicField?.input.value, topic),
    };
    if (Object.keys(changes).length === 0) return dialog.close();
    void act(() => chat.act('room.update', { room: id, ...changes }));
  };
  const askDelete = () => {
    dialog.close();
    confirmAct(parent, texts, {
      title: texts.text('settings.deleteTitle', { room: name }),
      note: texts.text('settings.deleteNote'),
      confirm: texts.text('settings.delete'),
      danger: true,
      run: () => chat.act('room.delete', { room: id }),
    });
  };
  const dialog: Dialog = new Dialog(parent, {
    title: texts.text('settings.title'),
    content: [
      dialogForm(
        save,
        nameField?.row ?? null,
        topicField?.row ?? null,
        element(
          'div',
          { class: 'choices' },
          info.may('freeze')
            ? dialogButton(texts.text(frozen ? 'settings.unfreeze' : 'settings.freeze'), 'secondary', () =>
                act(() => chat.act('room.freeze', { room: id, on: !frozen })),
              )
            : null,
          info.may('delete') ? dialogButton(texts.text('settings.delete'), 'secondary danger-text', askDelete) : null,
        ),
        dialogButtons(
          dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
          nameField || topicField ? dialogButton(texts.text('edit.save'), 'primary', 'submit') : null,
        ),
      ),
    ],
  });
}

/** A text that is another one now, by its name. */
const changed = <K extends string>(key: K, now: string | undefined, before: string): { readonly [N in K]?: string } =>
  now === undefined || now.trim() === before ? {} : ({ [key]: now.trim() } as { readonly [N in K]?: string });
