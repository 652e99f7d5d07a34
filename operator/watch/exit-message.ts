/** Longest line that is kept, in characters. */
const MOST = 200;

/** Start of a line that names the failure, which is what a person looks for, rather than the stack below it. */
const FAILURE = /^(?:FATAL ERROR|Error|[A-Z]\w*Error)\b/;
/** Start of a line that Node writes around a failure. */
const FRAME = /^(?:at |node:|Node\.js v|\^+$|[{}\]]+$|\[?cause\]?:|-----|\d+: 0x)/;

/**
 * Finds the line of a container's termination message that says why it stopped. With FallbackToLogsOnError the message is
 * the end of the log. Times are dropped, so that the same failure gives the same line after every restart.
 * @returns empty when there is no such line
 */
export function exitMessage(message: string): string {
  const lines = message
    .split('\n')
    .map(line => messageIn(line.trim()))
    .filter(line => line !== '' && !FRAME.test(line));
  const line = lines.findLast(each => FAILURE.test(each)) ?? lines.at(-1) ?? '';
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

/** Message of a log line, which is JSON with a time; any other line as it is. */
function messageIn(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, reason, err } = JSON.parse(line) as { msg?: unknown; reason?: unknown; err?: { message?: unknown } };
    const why = reason ?? err?.message;
    const text = typeof msg === 'string' ? msg : '';
    return typeof why === 'string' ? `${text}: ${why}` : text;
  } catch {
    return line;
  }
}
