import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  editConnection,
  readConnection,
  type ConnectionChange,
} from '../../../../src/codec/clientFile/connection';
import type {
  ClientFile,
  ClientFileFormat,
  ClientFileLocator,
} from '../../../../src/model/clientFile';

export const sample = (name: string): Buffer =>
  readFileSync(join(__dirname, '../../../fixtures/clientFiles', name));

export const fileOf = (format: ClientFileFormat, content: Buffer | string): ClientFile => ({
  name: 'web1:/etc/app.conf',
  format,
  bytes: Buffer.from(content),
});

export const read = (
  format: ClientFileFormat,
  content: Buffer | string,
  locator: ClientFileLocator,
): string => readConnection(fileOf(format, content), locator).text;

/** The edited file as text, each byte a character, so that no byte is lost in a comparison. */
export function edited(
  format: ClientFileFormat,
  content: Buffer | string,
  locator: ClientFileLocator,
  change: ConnectionChange,
): string {
  const { bytes } = editConnection(fileOf(format, content), locator, change);
  return Buffer.from(bytes).toString('latin1');
}

export const latin1 = (content: Buffer | string): string => Buffer.from(content).toString('latin1');

/** What gives `before` back where it may have no chroot and the file has one now. */
export const back = (before: string): ConnectionChange =>
  before.includes('/') ? { wanted: before } : { wanted: before, chroot: { set: '' } };
