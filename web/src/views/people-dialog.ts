import { element, setText } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import { Dialog, dialogButton, dialogButtons } from './dialog.ts';
import { FindPeople } from './find-people.ts';
import { actOn, type PeopleContext, type PersonAct, personProblem } from './person-acts.ts';
import { showPerson } from './person-dialog.ts';
import { PersonList } from './person-list.ts';
import { privacyForm } from './privacy-form.ts';
import { profileForm } from './profile-form.ts';
import { Tabs } from './tabs.ts';

export type PeopleTab = 'friends' | 'requests' | 'blocked' | 'profile' | 'privacy';

/** Friends that are shown: those behind them are found by their names. */
const MOST_SHOWN = 200;

/** Shows friends, requests and blocked users, finds others, and has the user's own profile and settings. */
export function showPeople(parent: HTMLElement, context: PeopleContext, tab: PeopleTab = 'friends'): void {
  new PeopleDialog(parent, context, tab);
}

class PeopleDialog {
  readonly #context: PeopleContext;
  readonly #dialog: Dialog;
  readonly #tabs: Tabs<PeopleTab>;
  readonly #find: FindPeople;
  readonly #lists: Readonly<Record<'friends' | 'incoming' | 'outgoing' | 'blocked', PersonList>>;
  readonly #notes = {
    friends: element('p', { class: 'people-empty' }),
    incoming: element('p', { class: 'people-empty' }),
    outgoing: element('p', { class: 'people-empty' }),
    blocked: element('p', { class: 'people-empty' }),
  };
  readonly #friends: HTMLElement;
  /** Outcome of the last act, for screen readers too. */
  readonly #told = element('p', { class: 'told', attributes: { role: 'status' } });
  readonly #unread = element('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly #retry: HTMLButtonElement;

  constructor(parent: HTMLElement, context: PeopleContext, tab: PeopleTab) {
    this.#context = context;
    const { texts, chat } = context;
    const on = {
      act: (act: PersonAct, user: string, name: string) => void this.#act(act, user, name),
      more: (user: string) => showPerson(this.#dialog.root, this.#closing(), user),
    };
    const list = (label: Parameters<typeof texts.text>[0]) => new PersonList(context, texts.text(label), on);
    this.#lists = {
      friends: list('friends.tab.friends'),
      incoming: list('friends.incoming'),
      outgoing: list('friends.outgoing'),
      blocked: list('friends.tab.blocked'),
    };
    this.#retry = dialogButton(texts.text('history.retry'), 'secondary', () => void chat.people.refresh());
    this.#friends = element('div', {}, this.#lists.friends.root, this.#notes.friends);
    this.#find = new FindPeople(context, on, asked => {
      this.#friends.hidden = asked;
    });
    const heading = (key: 'friends.incoming' | 'friends.outgoing') => element('h3', { text: texts.text(key) });
    const profile = profileForm(context);
    const privacy = privacyForm(context);
    this.#tabs = new Tabs<PeopleTab>(
      texts.text('friends.tabs'),
      [
        {
          id: 'friends',
          text: texts.text('friends.tab.friends'),
          panel: element('div', {}, this.#find.root, this.#friends),
        },
        {
          id: 'requests',
          text: texts.text('friends.tab.requests'),
          panel: element(
            'div',
            {},
            heading('friends.incoming'),
            this.#lists.incoming.root,
            this.#notes.incoming,
            heading('friends.outgoing'),
            this.#lists.outgoing.root,
            this.#notes.outgoing,
          ),
        },
        {
          id: 'blocked',
          text: texts.text('friends.tab.blocked'),
          panel: element(
            'div',
            {},
            element('p', { class: 'field-note', text: texts.text('friends.blockNote') }),
            this.#lists.blocked.root,
            this.#notes.blocked,
          ),
        },
        { id: 'profile', text: texts.text('friends.tab.profile'), ...profile },
        { id: 'privacy', text: texts.text('friends.tab.privacy'), ...privacy },
      ],
      () => setText(this.#told, ''),
    );
    const undo = [chat.people.changed.add(() => this.#update()), chat.profiles.changed.add(() => this.#update())];
    this.#dialog = new Dialog(parent, {
      title: texts.text('friends.title'),
      className: 'wide people-dialog',
      onClose: () => {
        this.#find.dispose();
        privacy.dispose();
        for (const each of undo) each();
      },
      content: [
        this.#tabs.root,
        this.#told,
        this.#unread,
        dialogButtons(
          this.#retry,
          dialogButton(texts.text('nav.closeMenu'), 'secondary', () => this.#dialog.close()),
        ),
      ],
    });
    this.#tabs.select(tab);
    this.#update();
    // On touch screens the keyboard would cover the friends.
    if (tab === 'friends' && !matchMedia('(pointer: coarse)').matches) this.#find.focus();
    else this.#tabs.focus();
  }

  /** The context for what is shown above this dialog, which closes when a room opens. */
  #closing(): PeopleContext {
    return {
      ...this.#context,
      open: room => {
        this.#dialog.close();
        this.#context.open(room);
      },
    };
  }

  async #act(act: PersonAct, user: string, name: string): Promise<void> {
    const before = document.activeElement;
    setText(this.#told, '');
    const { texts } = this.#context;
    let told: StringKey | null = null;
    const call = async () => {
      told = await actOn(this.#closing(), act, user);
    };
    const done = await this.#dialog.run(call, error => personProblem(texts, name, error));
    if (!this.#dialog.root.isConnected) return;
    if (done && told) setText(this.#told, texts.text(told, { user: name }));
    // A button that is disabled, or goes with its row, loses the focus.
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    else this.#tabs.focus();
  }

  #update(): void {
    const { texts, chat } = this.#context;
    const { people } = chat;
    const { friends, requests, asked, blocked, loaded, error } = people;
    this.#lists.friends.update(friends.slice(0, MOST_SHOWN).map(user => ({ user })));
    this.#lists.incoming.update(requests.map(({ user, note }) => ({ user, ...(note === '' ? {} : { more: note }) })));
    this.#lists.outgoing.update(asked.map(user => ({ user })));
    this.#lists.blocked.update(blocked.map(user => ({ user })));
    this.#find.update();
    const empty = (key: Parameters<typeof texts.text>[0]) => {
      if (loaded) return texts.text(key);
      return error ? '' : texts.text('friends.loading');
    };
    const more = friends.length - MOST_SHOWN;
    const none = friends.length === 0 ? empty('friends.none') : '';
    setText(this.#notes.friends, more > 0 ? texts.count('friends.more', more) : none);
    setText(this.#notes.incoming, requests.length === 0 ? empty('friends.noIncoming') : '');
    setText(this.#notes.outgoing, asked.length === 0 ? empty('friends.noOutgoing') : '');
    setText(this.#notes.blocked, blocked.length === 0 ? empty('friends.noBlocked') : '');
    const count = requests.length;
    const title = count > 0 ? texts.text('friends.tab.requestsOf', { count }) : texts.text('friends.tab.requests');
    this.#tabs.rename('requests', title);
    this.#retry.hidden = error === null;
    setText(this.#unread, error ? texts.text('friends.unread') : '');
  }
}
