/**
 * A copier on the npm `zookeeper` package, as one would write it for speed: its own process, hundreds of
 * reads and of creates in flight, any number of sessions on either side. Prints `{nodes, durationMs}`, the
 * time from the first connection attempt to the last acknowledgement.
 *
 *   node zookeeperCopier.js SOURCE /from TARGET /to SESSIONS
 */
import {
  createNativeClient,
  initOptions,
  type NativeClient,
  type NativeStat,
} from '../../../src/lab/load/nativeClient';

/** Each way, over all sessions. */
const MOST_IN_FLIGHT = 800;
/** Nodes read that wait to be written: beyond it, reading waits. */
const MOST_WAITING = 5_000;
const SESSION_TIMEOUT_MS = 30_000;
const CONNECT_DEADLINE_MS = 20_000;

type Stat = NativeStat & { numChildren: number };

function open(connectString: string): Promise<NativeClient> {
  const client = createNativeClient();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no session at ${connectString} within ${CONNECT_DEADLINE_MS} ms`)),
      CONNECT_DEADLINE_MS,
    );
    client.on('connect', () => {
      clearTimeout(timer);
      resolve(client);
    });
    client.on('close', () => reject(new Error(`the session at ${connectString} was closed`)));
    const options = initOptions({ connectString, sessionTimeoutMs: SESSION_TIMEOUT_MS });
    // Sessions spread over the servers.
    client.init({ ...options, host_order_deterministic: false });
  });
}

const openAll = (connectString: string, sessions: number): Promise<NativeClient[]> =>
  Promise.all(Array.from({ length: sessions }, () => open(connectString)));

/** Requests that wait, and a bound on those sent; each goes to the next session. */
class Lane {
  private readonly waiting: ((client: NativeClient) => number)[] = [];
  private taken = 0;
  private inFlight = 0;
  private next = 0;

  constructor(
    private readonly clients: readonly NativeClient[],
    private readonly mayStart: () => boolean = () => true,
  ) {}

  get length(): number {
    return this.waiting.length - this.taken;
  }

  get idle(): boolean {
    return this.length === 0 && this.inFlight === 0;
  }

  add(start: (client: NativeClient) => number): void {
    this.waiting.push(start);
  }

  answered(): void {
    this.inFlight -= 1;
  }

  fill(): void {
    while (this.length > 0 && this.inFlight < MOST_IN_FLIGHT && this.mayStart()) {
      const client = this.clients[this.next++ % this.clients.length]!;
      const code = this.waiting[this.taken++]!(client);
      if (code !== 0) throw new Error(`a request was not sent: code ${code}`);
      this.inFlight += 1;
    }
    if (this.taken > MOST_WAITING) {
      this.waiting.splice(0, this.taken);
      this.taken = 0;
    }
  }
}

async function copy([source, from, target, to, sessions]: string[]) {
  const startedAt = performance.now();
  const readers = await openAll(source!, Number(sessions));
  const writers = await openAll(target!, Number(sessions));
  let nodes = 0;
  await new Promise<void>((resolve, reject) => {
    const writes = new Lane(writers);
    const reads = new Lane(readers, () => writes.length < MOST_WAITING);
    const goOn = (lane: Lane, code: number, path: string, then: () => void): void => {
      if (code !== 0) return reject(new Error(`${path}: code ${code}`));
      lane.answered();
      then();
      writes.fill();
      reads.fill();
      if (writes.idle && reads.idle) resolve();
    };
    const read = (path: string): void =>
      reads.add((client) =>
        client.a_get(from + path, false, (code, _message, stat, data) =>
          goOn(reads, code, path, () => write(path, stat as Stat, data ?? Buffer.alloc(0))),
        ),
      );
    const write = (path: string, { numChildren }: Stat, data: Buffer): void =>
      writes.add((client) =>
        client.a_create(to + path, data, 0, (code) =>
          goOn(writes, code, path, () => {
            nodes += 1;
            if (numChildren > 0) list(path);
          }),
        ),
      );
    // Only now: through whichever session its children are created, the parent is there.
    const list = (path: string): void =>
      reads.add((client) =>
        client.a_get_children(from + path, false, (code, _message, children) =>
          goOn(reads, code, path, () => children.forEach((name) => read(`${path}/${name}`))),
        ),
      );
    read('');
    reads.fill();
  });
  return { nodes, durationMs: performance.now() - startedAt };
}

copy(process.argv.slice(2)).then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0)),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
