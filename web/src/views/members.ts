import type { Room } from '../../../client/room.ts';
import type { RoomBan, RoomMember, RoomRequest } from '../../../client/room-info.ts';
import { element, reconcile, setText, showOnChange } from '../dom/element.ts';
import { type IconName, icon } from '../dom/icons.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { askPeople } from './add-people.ts';
import { avatar } from './avatar.ts';
import { bansView } from './bans.ts';
import { iconButton } from './icon-button.ts';
import { showLink } from './link-dialog.ts';
import { mayActOn, showMember } from './member-dialog.ts';
import type { PeopleContext } from './person-acts.ts';
import { showPerson } from './person-dialog.ts';
import { mayChange, showSettings } from './room-settings.ts';
import { showState } from './user-state.ts';

/** Members of the largest room of which the server tells the states. */
const MOST_ACQUAINTED = 100;

/** Acts of the user in a room, beside those on its members. */
interface Acts {
  readonly add: boolean;
  readonly link: boolean;
  readonly settings: boolean;
}

/** Members of a room with their roles, users who want to join, and what the user may do on them. */
export class Members {
  readonly root: HTMLElement;
  readonly #context: PeopleContext;
  readonly #texts: Texts;
  readonly #chat: PeopleContext['chat'];
  readonly #head = element('div', { class: 'members-acts' });
  readonly #requests = element('div', { class: 'requests' });
  readonly #list = element('ul', { class: 'people-list' });
  readonly #note = element('p', { class: 'people-note' });
  readonly #bans = element('div', { class: 'bans' });
  readonly #problem = element('p', { class: 'problem', attributes: { role: 'alert' } });
  #room: Room | null = null;

  constructor(context: PeopleContext) {
    const { texts, chat } = context;
    this.#context = context;
    this.#texts = texts;
    this.#chat = chat;
    this.#list.setAttribute('aria-label', texts.text('members.title'));
    const parts = [this.#head, this.#problem, this.#requests, this.#list, this.#note, this.#bans];
    this.root = element('section', { class: 'members' }, ...parts);
  }

  update(room: Room): void {
    if (this.#room !== room) setText(this.#problem, '');
    this.#room = room;
    const { info } = room;
    const acts = { add: info.may('add') || info.may('invite'), link: info.may('link'), settings: mayChange(info) };
    showOnChange(this.#head, [room.name, acts], () => this.#acts(room, acts));
    const asking = info.may('approve') ? info.requests : [];
    showOnChange(this.#requests, [room.name, asking], () => this.#asking(room, asking));
    reconcile<RoomMember>(this.#list, info.members, {
      key: ({ user }) => `${room.name} ${user}`,
      create: member => this.#create(member),
      update: (target, member) => this.#update(target, room, member),
    });
    const more = info.complete ? 0 : (info.state?.count ?? 0) - info.members.length;
    const bans = info.may('unban') ? info.bans : [];
    showOnChange(this.#bans, [room.name, bans], () => this.#banned(room, bans));
    setText(this.#note, more > 0 ? this.#texts.count('members.more', more) : '');
  }

  /** Shows nothing of the last room any more. */
  clear(): void {
    this.#room = null;
    for (const part of [this.#head, this.#requests, this.#bans]) showOnChange(part, null, () => []);
    this.#list.replaceChildren();
    for (const text of [this.#note, this.#problem]) setText(text, '');
  }

  #acts(room: Room, { add, link, settings }: Acts): HTMLElement[] {
    const { name } = room;
    const [parent, texts, chat] = [this.root, this.#texts, this.#chat];
    const button = (key: 'members.add' | 'members.link' | 'settings.title', sign: IconName, onClick: () => void) =>
      element(
        'button',
        { class: 'act', attributes: { type: 'button' }, on: { click: onClick } },
        icon(sign),
        element('span', { text: texts.text(key) }),
      );
    return [
      ...(add ? [button('members.add', 'plus', () => askPeople(parent, texts, chat, name))] : []),
      ...(link ? [button('members.link', 'link', () => showLink(parent, texts, chat, name))] : []),
      ...(settings ? [button('settings.title', 'edit', () => showSettings(parent, texts, chat, room))] : []),
    ];
  }

  async #act(verb: 'room.approve' | 'room.deny' | 'room.unban', room: string, user: string): Promise<void> {
    setText(this.#problem, '');
    try {
      await this.#chat.act(verb, { room, user });
    } catch (error) {
      setText(this.#problem, actProblem(this.#texts, error));
    }
  }

  #banned({ name }: Room, bans: readonly RoomBan[]): readonly HTMLElement[] {
    const isOpen = this.#bans.querySelector('details')?.open ?? false;
    const parts = bansView(this.#texts, bans, user => void this.#act('room.unban', name, user));
    for (const part of parts) part.toggleAttribute('open', isOpen);
    return parts;
  }

  #asking({ name: room }: Room, requests: readonly RoomRequest[]): HTMLElement[] {
    if (requests.length === 0) return [];
    const act = (verb: 'room.approve' | 'room.deny', user: string) => void this.#act(verb, room, user);
    const row = ({ user, note }: RoomRequest) =>
      element(
        'li',
        { class: 'person' },
        avatar(user),
        element('span', { class: 'person-name', text: user, attributes: { dir: 'auto' } }),
        element('span', { class: 'person-more', text: note, attributes: { dir: 'auto' } }),
        element(
          'span',
          { class: 'person-acts' },
          iconButton('check', this.#texts.text('requests.approve', { user }), () => act('room.approve', user)),
          iconButton('close', this.#texts.text('requests.deny', { user }), () => act('room.deny', user)),
        ),
      );
    return [
      element('h3', { text: this.#texts.text('requests.title') }),
      element('ul', { class: 'people-list' }, ...requests.map(row)),
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
    const isHere = (room.users ?? []).some(present => present.user === user);
    // Of larger rooms nobody is told who is there.
    const known = (room.info.state?.count ?? 0) <= MOST_ACQUAINTED ? this.#chat.states.of(user) : null;
    const shown =
      known && (known.state !== 'offline' || !isHere) ? known : ({ state: isHere ? 'active' : 'offline' } as const);
    target.classList.toggle('away', shown.state === 'offline');
    showState(target, this.#texts, shown);
    const muted = room.info.may('mute') ? room.info.mutedUntilOf(user) : 0;
    const facts = [
      rank === 'member' ? '' : this.#texts.text(`role.${rank}`),
      muted > 0 ? this.#texts.text('member.muted', { time: this.#texts.dayAndTime(muted) }) : '',
    ];
    setText(more, facts.filter(fact => fact !== '').join('\n'));
    const may = mayActOn(room.info, member);
    showOnChange(acts, may, () => {
      if (user === this.#chat.user && !may) return [];
      const label = this.#texts.text(may ? 'member.actions' : 'person.about', { user });
      return [iconButton('more', label, () => this.#show(room, user))];
    });
  }

  #show(room: Room, user: string): void {
    const { info } = room;
    const member = info.members.find(known => known.user === user);
    if (member && mayActOn(info, member)) showMember(this.root, { ...this.#context, room: room.name, info, member });
    else showPerson(this.root, this.#context, user);
  }
}
