import type { Chat } from '../../../client/chat.ts';
import { element } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';
import { actProblem } from './act-problem.ts';
import { Dialog, dialogButton, dialogButtons, dialogField, dialogForm } from './dialog.ts';

/** Terms of an act on a member, in milliseconds; infinite for no end. */
const TERMS = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  ever: Number.POSITIVE_INFINITY,
} as const;

type Term = keyof typeof TERMS;

/** Longest reason that a room takes, in characters. */
const MOST_REASON = '500';

/** Member on whom an act with a term is done. */
export interface TermOptions {
  readonly texts: Texts;
  readonly chat: Chat;
  readonly room: string;
  readonly user: string;
}

/** Asks for how long a user is banned, and why, and bans the user. */
export function askBan(parent: HTMLElement, options: TermOptions): void {
  const { texts, chat, room, user } = options;
  const reason = dialogField(texts.text('ban.reason'), {
    maxlength: MOST_REASON,
    placeholder: texts.text('ban.reasonNote'),
  });
  askTerm(parent, options, {
    texts: { title: 'ban.title', note: 'ban.note', confirm: 'member.ban' },
    terms: ['hour', 'day', 'week', 'ever'],
    usual: 'ever',
    more: reason.row,
    async run(until) {
      const why = reason.input.value.trim();
      const end = until === null ? {} : { until };
      await chat.act('room.ban', { room, user, ...end, ...(why === '' ? {} : { reason: why }) });
    },
  });
}

/** Asks for how long a user is muted, and mutes the user. */
export function askMute(parent: HTMLElement, options: TermOptions): void {
  const { chat, room, user } = options;
  askTerm(parent, options, {
    texts: { title: 'mute.title', note: 'mute.note', confirm: 'member.mute' },
    terms: ['hour', 'day', 'week'],
    usual: 'hour',
    async run(until) {
      if (until !== null) await chat.act('room.mute', { room, user, until });
    },
  });
}

interface Act {
  readonly texts: { readonly title: StringKey; readonly note: StringKey; readonly confirm: StringKey };
  readonly terms: readonly Term[];
  /** Term that is chosen at first. */
  readonly usual: Term;
  /** Field below that of the term. Default: none. */
  readonly more?: HTMLElement;
  /** @param until end in milliseconds since 1970; null for none */
  readonly run: (until: number | null) => Promise<void>;
}

function askTerm(parent: HTMLElement, { texts, chat, user }: TermOptions, act: Act): void {
  const select = element('select', { attributes: { name: 'term' } });
  for (const term of act.terms)
    select.append(element('option', { text: texts.text(`term.${term}`), attributes: { value: term } }));
  select.value = act.usual;
  const submit = async () => {
    const call = async () => {
      const end = chat.now() + TERMS[select.value as Term];
      await act.run(Number.isFinite(end) ? Math.round(end) : null);
    };
    if (await dialog.run(call, error => actProblem(texts, error))) dialog.close();
  };
  const dialog = new Dialog(parent, {
    title: texts.text(act.texts.title, { user }),
    content: [
      element('p', { text: texts.text(act.texts.note) }),
      dialogForm(
        () => void submit(),
        element('label', { class: 'field' }, element('span', { text: texts.text('term.label') }), select),
        act.more ?? null,
        dialogButtons(
          dialogButton(texts.text('edit.cancel'), 'secondary', () => dialog.close()),
          dialogButton(texts.text(act.texts.confirm), act.more ? 'primary danger' : 'primary', 'submit'),
        ),
      ),
    ],
  });
  select.focus();
}
