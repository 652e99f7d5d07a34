const SUFFIX: Readonly<Record<string, readonly [base: bigint, exponent: bigint]>> = {
  n: [10n, -9n],
  u: [10n, -6n],
  m: [10n, -3n],
  '': [10n, 0n],
  k: [10n, 3n],
  M: [10n, 6n],
  G: [10n, 9n],
  T: [10n, 12n],
  P: [10n, 15n],
  E: [10n, 18n],
  Ki: [2n, 10n],
  Mi: [2n, 20n],
  Gi: [2n, 30n],
  Ti: [2n, 40n],
  Pi: [2n, 50n],
  Ei: [2n, 60n],
};
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))$/;

/** Nano-units, rounded up as the API server does; undefined if `text` is not a quantity. */
function nano(text: string): bigint | undefined {
  const match = SHAPE.exec(text);
  if (!match || `${match[2] ?? ''}${match[3] ?? ''}` === '') return undefined;
  const [, sign, whole = '', fraction = '', scientific, suffix = ''] = match;
  const [base, exponent] = scientific ? ([10n, BigInt(scientific.slice(1))] as const) : (SUFFIX[suffix] ?? [10n, 0n]);
  const top = BigInt(whole + fraction) * 10n ** 9n * (exponent > 0n ? base ** exponent : 1n);
  const bottom = 10n ** BigInt(fraction.length) * (exponent < 0n ? base ** -exponent : 1n);
  const magnitude = (top + bottom - 1n) / bottom;
  return sign === '-' ? -magnitude : magnitude;
}

/** Amount of a Kubernetes quantity in its base unit, rounded down: bytes of `1Gi`; undefined if it is not a quantity. */
export function amountOf(quantity: string | number): number | undefined {
  const amount = nano(String(quantity));
  return amount === undefined ? undefined : Number(amount / 10n ** 9n);
}

/** True if two amounts are equal, such as `1000m` and `1`, or `1024Mi` and `1Gi`: the API server stores its own spelling. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const [left, right] = [nano(String(a)), nano(String(b))];
  return left === undefined || right === undefined ? a === b : left === right;
}
