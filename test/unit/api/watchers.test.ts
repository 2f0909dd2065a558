/** Who watches a run, and who has gone before the watching began. */
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { createRunWatchers, type RunWatchers } from '../../../src/api/watchers';
import { ZkferryError } from '../../../src/model/errors';
import type { StatusDocument } from '../../../src/model/status';

const who = (actor = 'vera') => ({ actor, stillMay: () => Promise.resolve(true) });

const ended = () => Promise.resolve(undefined);

function watching() {
  const ask = jest.fn(() => new Promise<StatusDocument>(() => undefined));
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  return { ask, response, watchers: createRunWatchers(ask, { most: 10, ended }) };
}

test('who is there is counted until they go', () => {
  const { ask, response, watchers } = watching();
  watchers.add('CHG-1', response, who());
  expect(watchers.count).toBe(1);
  expect(ask).toHaveBeenCalledTimes(1);
  response.emit('close');
  expect(watchers.count).toBe(0);
});

test('who has gone while the run was looked up is not kept, and nothing is asked for them', () => {
  const { ask, response, watchers } = watching();
  response.destroy();
  watchers.add('CHG-1', response, who());
  expect(watchers.count).toBe(0);
  expect(ask).not.toHaveBeenCalled();
});

test('who comes when the server ends is let go at once', () => {
  const { response, watchers } = watching();
  watchers.close();
  watchers.add('CHG-1', response, who());
  expect(response.writableEnded).toBe(true);
  expect(watchers.count).toBe(0);
});

test('whose connection is still full when the run ends is told the last status and the end all the same', async () => {
  const status = { state: 'completed', headline: 'x'.repeat(1_000_000) } as StatusDocument;
  const watchers = createRunWatchers(() => Promise.resolve(status), { most: 10, ended });
  expect(await eventsOf(watchers, `: ${'x'.repeat(1_000_000)}\n\n`)).toMatch(
    /^event: status$[^]*^event: end$/m,
  );
});

/** All that somebody is told who watches a run to its end. */
async function eventsOf(watchers: RunWatchers, first = ': hello\n\n'): Promise<string> {
  const server = createServer((_request, response) => {
    response.write(first);
    watchers.add('CHG-1', response, who());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await (await fetch(`http://127.0.0.1:${port}`)).text();
  } finally {
    server.close();
  }
}

test('of one that was terminated the stream ends, and says so', async () => {
  const status = { state: 'failed', closed: 'terminated' } as StatusDocument;
  const watchers = createRunWatchers(() => Promise.resolve(status), { most: 10, ended });
  expect(await eventsOf(watchers)).toContain('event: end\ndata: {"outcome":"terminated"}');
});

test('where nobody tells its status any more, Temporal says that it has ended', async () => {
  const away = () => Promise.reject(new ZkferryError('NoWorker', 'nobody', { retryable: true }));
  const watchers = createRunWatchers(away, {
    most: 10,
    ended: () => Promise.resolve('terminated'),
  });
  const text = await eventsOf(watchers);
  expect(text).toContain('event: end\ndata: {"outcome":"terminated"}');
  expect(text).not.toContain('event: away');
});

test('nobody takes more than a quarter; what they let go is theirs again, and others have the rest', () => {
  const { watchers } = watching();
  const response = () => new ServerResponse(new IncomingMessage(new Socket()));
  const one = response();
  const more = [response(), response()];
  for (const each of [one, ...more]) watchers.add('CHG-1', each, who());
  expect(() => watchers.refuseIfFull('vera')).toThrow('vera watches 3 times already');
  expect(() => watchers.refuseIfFull('olga')).not.toThrow();
  one.emit('close');
  expect(() => watchers.refuseIfFull('vera')).not.toThrow();
  for (const actor of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
    watchers.add('CHG-1', response(), who(actor));
  expect(() => watchers.refuseIfFull('olga')).toThrow('10 watch live events already');
});
