/** Faults of a refused token. */
export type TokenFault =
  | 'missing'
  | 'malformed'
  | 'algorithm'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'user'
  | 'claims'
  | 'early'
  | 'expired';

/** Kind of a refusal. For `expired` and `early` the client is asked to get a new token; `invalid` ends the connection. */
export type RefusalReason = 'expired' | 'early' | 'invalid';

/** Refusal of a token. The message never holds the token, nor a part of one that no known secret has signed. */
export class TokenRefused extends Error {
  readonly fault: TokenFault;
  constructor(fault: TokenFault, message: string) {
    super(message);
    this.name = 'TokenRefused';
    this.fault = fault;
  }

  get reason(): RefusalReason {
    return this.fault === 'expired' || this.fault === 'early' ? this.fault : 'invalid';
  }
}
