import { ADMIN_PATHS } from '../../server/contract.ts';

/** Sum of the samples of a metric on an admin port whose labels include `labels`; 0 if there are none. */
export async function metric(
  port: number,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${ADMIN_PATHS.metrics}`);
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of (await response.text()).split('\n')) {
    const match = /^([a-zA-Z0-9_:]+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (match?.[1] === name && wanted.every(pair => match[2]?.includes(pair))) sum += Number(match[3]);
  }
  return sum;
}
