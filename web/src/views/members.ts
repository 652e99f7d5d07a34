import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import type { RoomMember } from '../../../client/room-info.ts';
import { element, reconcile, setText, showOnChange } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { askPeople } from './add-people.ts';
import { avatar } from './avatar.ts';
import { iconButton } from './icon-button.ts';
import { showLink } from './link-dialog.ts';
import { mayActOn, showMember } from './member-dialog.ts';

/** Members of a room with their roles, users who want to join, and what the user may do on them. */
export class Members {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #chat: Chat;
  readonly #head = element('div', { class: 'members-acts' });
  readonly #requests = element('div', { class: 'requests' });
  readonly #list = element('ul', { class: 'people-list' });
  readonly #note = element('p', { class: 'people-note' });
  readonly #problem = element('p', { class: 'problem', attributes: { role: 'alert' } });
  #room: Room | null = null;

  constructor(texts: Texts, chat: Chat) {
    this.#texts = texts;
    this.#chat = chat;
    this.#list.setAttribute('aria-label', texts.text('members.title'));
    const parts = [this.#head, this.#problem, this.#requests, this.#list, this.#note];
    this.root = element('section', { class: 'members' }, ...parts);
  }

  update(room: Room): void {
    if (this.#room !== room) setText(this.#problem, '');
    this.#room = room;
    const { info } = room;
    const acts = { add: info.may('add') || info.may('invite'), link: info.may('link') };
    showOnChange(this.#head, [room.name, acts], () => this.#acts(room, acts));
    const asking = info.may('approve') ? info.requests : [];
    showOnChange(this.#requests, [room.name, asking], () => this.#asking(room, asking));
    reconcile<RoomMember>(this.#list, info.members, {
      key: ({ user }) => `${room.name} ${user}`,
      create: member => this.#create(member),
      update: (target, member) => this.#update(target, room, member),
    });
    const more = info.complete ? 0 : (info.state?.count ?? 0) - info.members.length;
    setText(this.#note, more > 0 ? this.#texts.count('members.more', more) : '');
  }

  /** Shows nothing of the last room any more. */
  clear(): void {
    this.#room = null;
    for (const part of [this.#head, this.#requests]) showOnChange(part, null, () => []);
    this.#list.replaceChildren();
    for (const text of [this.#note, this.#problem]) setText(text, '');
  }

  #acts({ name }: Room, { add, link }: { readonly add: boolean; readonly link: boolean }): HTMLElement[] {
    const button = (key: 'members.add' | 'members.link', onClick: () => void) =>
      element(
        'button',
        { class: 'act', attributes: { type: 'button' }, on: { click: onClick } },
        icon(key === 'members.add' ? 'plus' : 'link'),
        element('span', { text: this.#texts.text(key) }),
      );
    return [
      ...(add ? [button('members.add', () => askPeople(this.root, this.#texts, this.#chat, name))] : []),
      ...(link ? [button('members.link', () => showLink(this.root, this.#texts, this.#chat, name))] : []),
    ];
  }

  #asking({ name: room }: Room, users: readonly string[]): HTMLElement[] {
    if (users.length === 0) return [];
    const act = async (verb: 'room.approve' | 'room.deny', user: string) => {
      setText(this.#problem, '');
      try {
        await this.#chat.act(verb, { room, user });
      } catch (error) {
        setText(this.#problem, actProblem(this.#texts, error));
      }
    };
    const row = (user: string) =>
      element(
        'li',
        { class: 'person' },
        avatar(user),
        element('span', { class: 'person-name', text: user, attributes: { dir: 'auto' } }),
        element(
          'span',
          { class: 'person-acts' },
          iconButton('check', this.#texts.text('requests.approve', { user }), () => void act('room.approve', user)),
          iconButton('close', this.#texts.text('requests.deny', { user }), () => void act('room.deny', user)),
        ),
      );
    return [
      element('h3', { text: this.#texts.text('requests.title') }),
      element('ul', { class: 'people-list' }, ...users.map(row)),
    ];
  }

  #create({ user }: RoomMember): HTMLElement {
    const own = user === this.#chat.user;
    return element(
      'li',
      { class: 'person' },
      avatar(user),
      element('span', {
        class: 'person-name',
        text: own ? this.#texts.text('people.you', { user }) : user,
        attributes: { dir: 'auto' },
      }),
      element('span', { class: 'person-more' }),
      element('span', { class: 'person-acts' }),
    );
  }

  #update(target: HTMLElement, room: Room, member: RoomMember): void {
    const [, , more, acts] = target.children;
    if (!more || !(acts instanceof HTMLElement)) return;
    const { user, rank } = member;
    target.classList.toggle('away', !(room.users ?? []).some(present => present.user === user));
    setText(more, rank === 'member' ? '' : this.#texts.text(`role.${rank}`));
    const may = mayActOn(room.info, member);
    showOnChange(acts, may, () => {
      if (!may) return [];
      const label = this.#texts.text('member.actions', { user });
      return [iconButton('more', label, () => this.#show(room, user))];
    });
  }

  #show(room: Room, user: string): void {
    const { info } = room;
    const member = info.members.find(known => known.user === user);
    if (member) showMember(this.root, { texts: this.#texts, chat: this.#chat, room: room.name, info, member });
  }
}
