/** A gate before a Temporal server that asks for TLS and for an API key, as Temporal Cloud does; it hands on what gets in. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, constants, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** The name in the gate's certificate, which is not its address. */
export const GATE_NAME = 'temporal.example.test';
const UNAUTHENTICATED = '16';

export interface Certificates {
  /** PEM files. */
  authority: string;
  server: { certificate: string; key: string };
  client: { certificate: string; key: string };
}

export function makeCertificates(directory: string): Certificates {
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    ...'-keyout ca.key -out ca.crt -days 2 -subj /CN=ca'.split(' '),
  );
  const signed = (name: string, subject: string) => {
    writeFileSync(join(directory, `${name}.ext`), `subjectAltName=DNS:${subject}\n`);
    openssl(
      'req',
      ...newKey,
      ...`-keyout ${name}.key -out ${name}.csr -subj /CN=${subject}`.split(' '),
    );
    openssl(
      ...`x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2`.split(' '),
      ...`-extfile ${name}.ext -out ${name}.crt`.split(' '),
    );
    return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  };
  const authority = join(directory, 'ca.crt');
  return { authority, server: signed('gate', GATE_NAME), client: signed('client', 'worker') };
}

export interface GateOptions {
  /** Of the real server. */
  address: string;
  certificates: Certificates;
  /** Only who shows a certificate of the authority gets in. */
  clientCertificate?: boolean;
  /** Only who brings it as bearer token gets in. */
  apiKey?: string;
}

/** Listens on loopback. */
export async function startTemporalGate(options: GateOptions) {
  const { address, certificates, clientCertificate = false, apiKey } = options;
  const { authority, server } = certificates;
  const upstream = connect(`http://${address}`);
  const gate = createSecureServer({
    key: readFileSync(server.key),
    cert: readFileSync(server.certificate),
    ca: readFileSync(authority),
    ...{ requestCert: clientCertificate, rejectUnauthorized: clientCertificate },
  });
  const sessions = new Set<{ destroy(): void }>();
  gate.on('session', (session) => sessions.add(session));
  gate.on('stream', (stream: ServerHttp2Stream, headers) => {
    // Whoever goes away in the midst of a call is no failure of the gate's.
    stream.on('error', () => undefined);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
      const refused = { 'grpc-status': UNAUTHENTICATED, 'grpc-message': 'no such key' };
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...refused },
        { endStream: true },
      );
      return;
    }
    const call = upstream.request({ ...headers, ':scheme': 'http', ':authority': address });
    let trailers: OutgoingHttpHeaders = {};
    call.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    call.on('trailers', (given: OutgoingHttpHeaders) => {
      trailers = given;
    });
    call.on('response', (given, flags) => {
      const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (stream.destroyed) return;
      stream.respond(given, isWhole ? { endStream: true } : { waitForTrailers: true });
      if (!isWhole) call.pipe(stream);
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => call.close(constants.NGHTTP2_CANCEL));
    stream.pipe(call);
  });
  gate.listen(0, '127.0.0.1');
  await new Promise((resolve) => gate.once('listening', resolve));
  const { port } = gate.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close() {
      for (const session of sessions) session.destroy();
      gate.close();
      upstream.destroy();
    },
  };
}
