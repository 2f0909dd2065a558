'use strict';
/**
 * A client of ZooKeeper such as others have: reads its connection string from its own file, in its own way, at the start
 * and at each SIGHUP, and holds one session of the npm `zookeeper` package there. Connections come from an address of its
 * own, by a relay, as that package can't choose one.
 * Arguments: kind and path of the file, key, its address, path of a file for its process id, `obeys` or `deaf`. Says
 * each session on stdout, and ends with its stdin.
 */
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const yaml = require('yaml');
const ZooKeeper = require('zookeeper');

const [, , kind, path, key, address, pidFile, manner] = process.argv;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const inside = (value) => key.split('.').reduce((found, part) => found[part], value);
const readers = {
  properties: (text) => new RegExp(`^${escaped(key)}=(.*)$`, 'm').exec(text)[1].trim(),
  yaml: (text) => inside(yaml.parse(text)),
  json: (text) => inside(JSON.parse(text)),
  env: (text) => new RegExp(`^(?:export )?${escaped(key)}="?([^"\n]*)"?`, 'm').exec(text)[1],
  hadoopXml: (text) =>
    new RegExp(`<name>${escaped(key)}</name>\\s*<value>([^<]*)</value>`).exec(text)[1].trim(),
};

/** Listens on loopback, and goes to `target` from this client's address. */
function relay(target, sockets) {
  const [host, port] = target.split(':');
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port), localAddress: address });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function open() {
  const text = readers[kind](readFileSync(path, 'utf8'));
  const slash = text.indexOf('/');
  const [servers, chroot] = slash === -1 ? [text, ''] : [text.slice(0, slash), text.slice(slash)];
  const sockets = new Set();
  const relays = await Promise.all(servers.split(',').map((target) => relay(target, sockets)));
  const near = relays.map((server) => `127.0.0.1:${server.address().port}`).join(',');
  const client = new ZooKeeper({ connect: near + chroot, timeout: 10_000, debug_level: 1 });
  client.on('connect', () => process.stdout.write(`connected ${text}\n`));
  client.init({});
  return async () => {
    client.close();
    for (const server of relays) server.close();
    setTimeout(() => sockets.forEach((socket) => socket.destroy()), 500);
  };
}

let close = open();
process.on('SIGHUP', () => {
  if (manner === 'deaf') return;
  close = close.then(async (end) => {
    await end();
    return open();
  });
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
writeFileSync(`${pidFile}.new`, `${process.pid}\n`);
renameSync(`${pidFile}.new`, pidFile);
