/**
 * Works on items as they come, at most `lanes` at the same time. After a failure no other item is begun.
 * @throws the first error of `work`, or of the items
 */
export async function inLanes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const source = each(items);
  const lane = async () => {
    for await (const item of source) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function* each<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}
