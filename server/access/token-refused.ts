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

/** `expired` and `early` are answered so that the client gets a new token; `invalid` ends it. */
export type RefusalReason = 'expired' | 'early' | 'invalid';

/** A token that lets nobody in. The message never holds the token, nor anything of one that no secret has signed. */
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
