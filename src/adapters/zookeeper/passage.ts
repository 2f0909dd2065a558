/** The way through a fence, from this process. */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import { randomInt } from 'node:crypto';
import { PASSAGE_PORTS, type FencePassage } from '../../model/clientFence';
import type { ServerAddress } from './fourLetterClient';

const CONNECT_MS = 3_000;
/** One of its ports may be taken by something else here. */
const ATTEMPTS = 5;

/**
 * Whom the server sees, where no address is translated on the way: what the system sends from to it. Nothing is sent.
 * Rejects with the system's own error where the name is not known or there is no route.
 */
export async function passageTo({ host, clientPort }: ServerAddress): Promise<FencePassage> {
  const { address } = await lookup(host);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(clientPort, address, resolve);
    });
    return { address: socket.address().address, ports: PASSAGE_PORTS };
  } finally {
    socket.close();
  }
}

/** The same server, reached through the fence. */
export const throughFence = <T extends ServerAddress>(server: T): T => ({
  ...server,
  localPorts: PASSAGE_PORTS,
});

/** Whether the server takes a connection that comes through. */
export async function isPassable(server: ServerAddress): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (await opens(server)) return true;
  return false;
}

function opens({ host, clientPort: port }: ServerAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const localPort = randomInt(PASSAGE_PORTS.from, PASSAGE_PORTS.to + 1);
    const socket = connect({ host, port, localPort });
    const end = (is: boolean) => () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(end(false), CONNECT_MS);
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}
