import type { Chat } from '../../../client/chat.ts';
import type { Room } from '../../../client/room.ts';
import type { Texts } from '../i18n/language.ts';
import type { JoinLink } from '../page/page-url.ts';
import { isChannel } from '../page/room-name.ts';
import type { RoomNames } from '../page/room-names.ts';
import { actProblem } from './act-problem.ts';
import { confirmAct } from './confirm.ts';
import { askCreateGroup } from './create-group.ts';
import { askDiscover } from './discover.ts';

export interface RoomActsOptions {
  /** Element that the dialogs stand in, in the document once a method is called. */
  readonly parent: () => HTMLElement;
  readonly texts: Texts;
  readonly chat: Chat;
  readonly names: RoomNames;
  /** Opens and shows a room that the user has come into. */
  readonly open: (room: string) => void;
  /** Closes a room that the user has left, and shows another one. */
  readonly closed: (room: string) => void;
  /** Shows a problem that belongs to no dialog. */
  readonly problem: (text: string) => void;
}

/** Ways into rooms and out of them, with the questions that they ask. */
export class RoomActs {
  readonly #options: RoomActsOptions;

  constructor(options: RoomActsOptions) {
    this.#options = options;
  }

  create(): void {
    const { parent, texts, chat, open } = this.#options;
    askCreateGroup(parent(), texts, chat, open);
  }

  discover(): void {
    const { parent, texts, chat, open } = this.#options;
    askDiscover(parent(), texts, chat, open);
  }

  /** Leaves a room: at once if the user is only a reader, else after asking. */
  leave(room: Room): void {
    const { parent, texts, chat, names, closed } = this.#options;
    const { name } = room;
    if (!room.info.may('leave') || room.info.me?.state !== 'member') return closed(name);
    confirmAct(parent(), texts, {
      title: texts.text('leave.title', { room: names.title(name) }),
      note: texts.text(isChannel(name) ? 'leave.channel' : 'leave.note'),
      confirm: texts.text('leave.confirm'),
      danger: true,
      run: async () => {
        await chat.act('room.leave', { room: name });
        closed(name);
      },
    });
  }

  /** Asks whether to use a link. */
  join({ room, token }: JoinLink): void {
    const { parent, texts, chat, open } = this.#options;
    confirmAct(parent(), texts, {
      title: texts.text('join.title'),
      note: texts.text('join.note'),
      confirm: texts.text('join.confirm'),
      run: async () => {
        await chat.act('room.join', { room, link: token });
        open(room);
      },
    });
  }

  async accept(room: string): Promise<void> {
    if (await this.#answered('room.accept', room)) this.#options.open(room);
  }

  async decline(room: string): Promise<void> {
    await this.#answered('room.decline', room);
  }

  async #answered(verb: 'room.accept' | 'room.decline', room: string): Promise<boolean> {
    const { texts, chat, problem } = this.#options;
    try {
      await chat.act(verb, { room });
      return true;
    } catch (error) {
      problem(actProblem(texts, error));
      return false;
    }
  }
}
