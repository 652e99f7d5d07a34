import { ADMIN_PATHS } from '../../server/contract/ports.ts';

/** Suffixes of the samples of a histogram. */
const OF_HISTOGRAM = /_(bucket|count|sum)$/;

/**
 * Sum of the samples of a metric whose labels include `labels`; 0 if there are none.
 * @param text all metrics of a process, in the text format
 * @throws {Error} when it has no such metric
 */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const lines = text.split('\n');
  const names = [name, name.replace(OF_HISTOGRAM, '')];
  if (!lines.some(line => names.some(each => line.startsWith(`# TYPE ${each} `))))
    throw new Error(`there is no metric ${name}`);
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of lines) {
    const match = /^([a-zA-Z0-9_:]+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (match?.[1] === name && wanted.every(pair => match[2]?.includes(pair))) sum += Number(match[3]);
  }
  return sum;
}

/** {@link sumOf} what is shown on an admin port. */
export async function metric(
  port: number,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${ADMIN_PATHS.metrics}`);
  return sumOf(await response.text(), name, labels);
}
