import type { RoomInfo, RoomMember } from '../../../client/room-info.ts';
import { RANKS, type Rank } from '../../../server/fold/control.ts';
import { element } from '../dom/element.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons } from './dialog.ts';
import type { PeopleContext } from './person-acts.ts';
import { personChoices } from './person-dialog.ts';
import { askBan, askMute } from './term-dialog.ts';

/** True if the user may do anything on a member. */
export const mayActOn = (info: RoomInfo, member: RoomMember): boolean =>
  (['kick', 'ban', 'mute', 'role'] as const).some(act => info.mayOn(act, member));

/** Ranks that the user may give: an owner all, others those below the own. */
function ranksToGive({ me }: RoomInfo): readonly Rank[] {
  if (me?.role === 'owner') return RANKS;
  return RANKS.slice(RANKS.indexOf(me?.role ?? 'guest') + 1);
}

export interface MemberDialogOptions extends PeopleContext {
  readonly room: string;
  readonly info: RoomInfo;
  readonly member: RoomMember;
}

/** Shows what the user may do on a member: give a role, mute, take out, ban, hand the room over, and what is between the two of them. */
export function showMember(parent: HTMLElement, options: MemberDialogOptions): void {
  const { texts, chat, room, info, member } = options;
  const { user } = member;
  const own = user === chat.user;
  const act = async (call: () => Promise<unknown>) => {
    if (await dialog.run(call, error => actProblem(texts, error))) dialog.close();
  };
  const choice = (may: boolean, key: Parameters<Texts['text']>[0], call: () => Promise<unknown>, danger = false) =>
    may ? dialogButton(texts.text(key), danger ? 'secondary danger-text' : 'secondary', () => void act(call)) : null;
  const ask = (may: boolean, key: 'member.mute' | 'member.ban', show: typeof askBan, danger = false) =>
    may
      ? dialogButton(texts.text(key), danger ? 'secondary danger-text' : 'secondary', () => {
          dialog.close();
          show(parent, { texts, chat, room, user });
        })
      : null;
  const roles = info.mayOn('role', member) ? roleField(texts, info, member) : null;
  const muted = info.mutedUntilOf(user) > 0;
  const dialog: Dialog = new Dialog(parent, {
    title: user,
    content: [
      roles?.row ?? null,
      element(
        'div',
        { class: 'choices' },
        ask(info.mayOn('mute', member) && !muted, 'member.mute', askMute),
        choice(info.mayOn('mute', member) && muted, 'member.unmute', () =>
          chat.act('room.mute', { room, user, until: 0 }),
        ),
        choice(info.may('transfer'), 'member.transfer', () => chat.act('room.transfer', { room, user })),
        choice(info.mayOn('kick', member), 'member.kick', () => chat.act('room.kick', { room, user }), true),
        ask(info.mayOn('ban', member), 'member.ban', askBan, true),
      ),
      own ? null : element('div', { class: 'choices apart' }, ...personChoices(parent, options, user, () => dialog)),
      dialogButtons(
        dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
        ...(roles
          ? [
              dialogButton(texts.text('edit.save'), 'primary', () => {
                const role = roles.select.value as Rank;
                if (role === member.rank) dialog.close();
                else void act(() => chat.act('room.role', { room, user, role }));
              }),
            ]
          : []),
      ),
    ],
  });
}

function roleField(texts: Texts, info: RoomInfo, member: RoomMember) {
  const select = element('select', { attributes: { name: 'role' } });
  for (const rank of ranksToGive(info))
    select.append(element('option', { text: texts.text(`role.${rank}`), attributes: { value: rank } }));
  select.value = member.rank;
  return {
    select,
    row: element('label', { class: 'field' }, element('span', { text: texts.text('member.role') }), select),
  };
}
