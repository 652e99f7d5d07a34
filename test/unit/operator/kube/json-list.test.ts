import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readList } from '../../../../operator/kube/json-list.ts';

/** Reads a text that arrives in pieces of `size` bytes. */
async function read(text: string, size: number) {
  const bytes = Buffer.from(text);
  const items: unknown[] = [];
  let chunks = 0;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
      controller.close();
    },
  });
  const meta = await readList(
    stream,
    item => items.push(item),
    () => chunks++,
  );
  return { items, meta, chunks };
}

const META = { resourceVersion: '7', continue: 'more', items: [{ not: 'an object of the list' }] };
const ITEMS = [
  { metadata: { name: 'a', items: [1, [2], { items: [] }] }, data: { text: '"],}{[\\" \\' } },
  {},
  { metadata: { name: '房间 😀' }, list: [[], [{}], 'x, y'] },
];
const LISTS: Readonly<Record<string, object>> = {
  'of a kind that is built in': { kind: 'PodList', apiVersion: 'v1', metadata: META, items: ITEMS },
  'of a custom kind': { apiVersion: 'v1', items: ITEMS, kind: 'ChatClusterList', metadata: META },
};
for (const [what, list] of Object.entries(LISTS))
  for (const space of [undefined, 2])
    for (const size of [1, 2, 3, 7, 64, 10_000])
      test(`a list ${what}, ${space ? 'indented' : 'on one line'}, in pieces of ${size} bytes`, async () => {
        const { items, meta, chunks } = await read(JSON.stringify(list, null, space), size);
        assert.deepEqual(items, ITEMS);
        assert.deepEqual(meta, META);
        assert.ok(chunks > 0);
      });

test('an empty list has no objects, written either way', async () => {
  for (const items of ['[]', 'null', '[ ]'])
    assert.deepEqual((await read(`{"metadata":{"resourceVersion":"1"},"items":${items}}`, 3)).items, []);
});

test('a list that ends too early is an error, and so is what is no list', async () => {
  const text = JSON.stringify({ metadata: META, items: ITEMS });
  for (const end of [1, 20, 100, text.length - 2, text.length - 1])
    await assert.rejects(read(text.slice(0, end), 5), SyntaxError);
  await assert.rejects(read('<html>', 5), SyntaxError);
});
