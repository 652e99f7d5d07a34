import type { Logger } from 'pino';
import { OPTIONS } from '../contract/options.ts';
import type { Moment } from '../time/clock.ts';
import type { TokenNotice } from './token.ts';
import type { TokenFault, TokenRefused } from './token-refused.ts';

/** Most lines of one fault within {@link WINDOW_MS}: clients try again, so one wrong setting refuses thousands. */
const MOST_LINES = 3;
const WINDOW_MS = 60_000;

/** Settings that an administrator has to change, by fault. */
const ADVICE: Readonly<Record<TokenFault, string>> = {
  missing: 'clients have to send a token with connect',
  malformed: 'it is not a signed JWT: check what the application gives to the client',
  algorithm: 'sign tokens with HS256',
  signature: `sign tokens with the secret of ${OPTIONS.authSecret.env}, or give the other one as ${OPTIONS.authPreviousSecret.env}`,
  issuer: `${OPTIONS.authIssuer.env} and the claim iss have to be the same`,
  audience: `${OPTIONS.authAudience.env} has to be in the claim aud`,
  user: 'the claim sub has to name the user',
  claims: 'the application writes a claim that cannot be read',
  early: `set the clocks of the application and of this node, or raise ${OPTIONS.authClockToleranceSeconds.env}`,
  expired: 'clients get a new one; if new ones expire too, compare the clocks of the application and of this node',
};

const noticeOf = (claim: TokenNotice): string =>
  claim === 'exp'
    ? 'the claim exp of a token lies thousands of years ahead: write seconds since 1970, not milliseconds'
    : `the claim ${claim} of a token has no effect on this server`;

interface Window {
  begun: Moment;
  lines: number;
  unlogged: number;
}

/** Logs why tokens are refused, and once each claim that has no effect here. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #now: () => Moment;
  readonly #windows = new Map<TokenFault, Window>();
  readonly #noticed = new Set<TokenNotice>();

  constructor(logger: Logger, now: () => Moment) {
    this.#logger = logger;
    this.#now = now;
  }

  refused({ fault, message }: TokenRefused): void {
    const now = this.#now();
    const known = this.#windows.get(fault);
    const window = known && now - known.begun < WINDOW_MS ? known : { begun: now, lines: 0, unlogged: 0 };
    this.#windows.set(fault, window);
    if (window.lines === MOST_LINES) {
      window.unlogged += 1;
      return;
    }
    window.lines += 1;
    const unlogged = known && known !== window && known.unlogged > 0 ? { unlogged: known.unlogged } : {};
    const facts = { fault, reason: message, ...unlogged };
    this.#logger[fault === 'expired' ? 'info' : 'warn'](facts, `a token was refused: ${ADVICE[fault]}`);
  }

  noticed(claim: TokenNotice): void {
    if (this.#noticed.has(claim)) return;
    this.#noticed.add(claim);
    this.#logger.warn({ claim }, noticeOf(claim));
  }
}
