/** Whether something takes connections at an address; what it is, nobody asks. */
import { connect } from 'node:net';

const CONNECT_MS = 3_000;

/** `localPort`: where it comes from. False for a refusal, for no answer in time, and where that port is taken here. */
export function takesConnections(to: {
  host: string;
  port: number;
  localPort?: number;
}): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to);
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
