/** A collector of traces, which keeps what it is sent as it came. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until';

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly port: number;
  /** Waits for one batch that holds all of it: names of spans, ids in latin1. */
  untilSent(...parts: string[]): Promise<void>;
  close(): void;
}

const SENT_WITHIN_MS = 15_000;

export async function startCollector(): Promise<Collector> {
  const batches: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') batches.push(Buffer.concat(chunks).toString('latin1'));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const holds = (parts: string[]) =>
    batches.some((batch) => parts.every((part) => batch.includes(part)));
  return {
    ...{ port, endpoint: `http://127.0.0.1:${port}` },
    async untilSent(...parts) {
      const sent = () => Promise.resolve(holds(parts) || undefined);
      await until(() => `spans that hold ${parts.join(', ')}`, sent, SENT_WITHIN_MS);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
