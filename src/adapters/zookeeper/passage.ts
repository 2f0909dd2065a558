/** The way through a fence, from this process. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import { randomInt } from 'node:crypto';
import { PASSAGE_PORTS, type FencePassage } from '../../model/clientFence';
import type { ServerAddress } from './fourLetterClient';
import { takesConnections } from './takesConnections';

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
export async function isPassable({ host, clientPort: port }: ServerAddress): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const localPort = randomInt(PASSAGE_PORTS.from, PASSAGE_PORTS.to + 1);
    if (await takesConnections({ host, port, localPort })) return true;
  }
  return false;
}
