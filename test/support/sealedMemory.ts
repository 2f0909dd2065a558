/**
 * Seals a file of 100 MiB and reads it back, in a process of its own, and says how much its memory grew. Arguments: file,
 * directory, recipient and identity, or nothing for a repository that is not encrypted.
 */
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../src/adapters/repository/openRepository';

async function main(): Promise<void> {
  const [file, directory, recipient, identity] = process.argv.slice(2) as [
    string,
    string,
    string?,
    string?,
  ];
  const store = new DirectoryStore(`${directory}/repository`);
  await createRepository(
    store,
    recipient === undefined ? { kind: 'none' } : { kind: 'age', recipients: [recipient] },
  );
  const repository = await openRepository(store, {
    identities: identity === undefined ? [] : [identity],
  });
  // Libraries are loaded and warm before memory is looked at.
  await repository.unseal(await repository.putSealed('warm', Buffer.alloc(3 << 20, 'warm')));
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  const sealed = await repository.putSealedFile('large', file, directory);
  let plainBytes = 0;
  for await (const chunk of repository.unsealStream(sealed)) plainBytes += (chunk as Buffer).length;
  clearInterval(watch);
  process.stdout.write(`${JSON.stringify({ grownBytes: peak - before, plainBytes, sealed })}\n`);
}

void main();
