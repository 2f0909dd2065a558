'use strict';
/**
 * A server of the S3 protocol for tests: s3rver, in a process of its own (its tokens of listings need the legacy ciphers
 * of OpenSSL), with listings as S3 makes them, in the order of the keys and with all common prefixes,
 * and uploads in parts that can be given up.
 * Arguments: directory, bucket, and what it makes of `If-None-Match: *` in a PUT: `ignore` as s3rver does, `keep` as S3
 * does, or `refuse` as servers do that do not know it. Says its port on stdout, and ends with its stdin.
 */
const { rmSync } = require('node:fs');
const { join } = require('node:path');
const S3rver = require('s3rver');

const [, , directory, bucket, conditions] = process.argv;

const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: bucket, configs: [] }],
});

/** Fewer than are asked for, as a server may: tests need not make a thousand objects to see a second page. */
const PAGE = 100;
const { store } = server;
const listAll = store.listObjects.bind(store);
store.listObjects = async (name, { delimiter = '', startAfter = '', prefix = '', maxKeys }) => {
  const all = await listAll(name, { prefix });
  const commonPrefixes = new Set();
  const objects = [];
  let isTruncated = false;
  const inOrder = all.objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const object of inOrder.filter(({ key }) => key > startAfter)) {
    const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end !== -1) commonPrefixes.add(object.key.slice(0, end + 1));
    else if (objects.length < Math.min(maxKeys, PAGE)) objects.push(object);
    else isTruncated = true;
  }
  return { objects, commonPrefixes: [...commonPrefixes].sort(), isTruncated };
};

/** s3rver knows no end of an upload but its success. */
server.middleware.unshift(async (context, next) => {
  const { uploadId } = context.query;
  if (context.method !== 'DELETE' || !/^[0-9a-f]+$/.test(uploadId)) return next();
  rmSync(join(directory, bucket, '._S3rver_uploads', uploadId), { recursive: true });
  context.status = 204;
  return undefined;
});

const claimed = new Set();
server.middleware.unshift(async (context, next) => {
  const isConditional = context.method === 'PUT' && context.headers['if-none-match'] === '*';
  if (!isConditional || conditions === 'ignore') return next();
  if (conditions === 'refuse' || claimed.has(context.path)) {
    context.status = conditions === 'refuse' ? 501 : 412;
    return undefined;
  }
  claimed.add(context.path);
  return next();
});

server.run().then(({ port }) => process.stdout.write(`${port}\n`));
process.stdin.resume();
process.stdin.on('end', () => process.exit());
