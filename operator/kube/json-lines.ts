/**
 * Objects of a stream of JSON lines, as a watch sends them. A last line without an end is dropped.
 * @param onBytes called for every chunk that arrives
 * @throws {SyntaxError} for a line that is not JSON
 */
export async function* jsonLines<T>(stream: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const chunk of stream) {
    onBytes();
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      const text = rest.join('') + line;
      rest = [];
      if (text !== '') yield JSON.parse(text) as T;
    }
    rest.push(last);
  }
}
