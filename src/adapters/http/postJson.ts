/**
 * A POST of JSON to where the inventory says. No redirection is followed, and none of the addresses is taken at which clouds
 * keep the credentials of a machine: whoever can change a DNS record must not make a worker tell them.
 */
import { createHmac } from 'node:crypto';
import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Of an answer, for messages. */
const MAX_ANSWER_CHARS = 500;
/** Ranges as ipaddr.js names them: loopback and private addresses are an installation's own. */
const REFUSED_RANGES = ['linkLocal', 'unspecified', 'multicast', 'broadcast', 'reserved'];
/** Of machines at Amazon and Google, by IPv6, at Alibaba, and at Azure. */
const REFUSED_ADDRESSES = ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16'];
const LAST = [12, 13, 14, 15];
/**
 * IPv6 that stands for the IPv4 address within, and which of its bytes that is. RFC 6052 leaves byte 8 out; how long its local
 * prefix is, is an installation's own choice.
 */
const TRANSLATED = [
  { network: ipaddr.IPv6.parse('64:ff9b::'), bits: 96, forms: [LAST] },
  {
    ...{ network: ipaddr.IPv6.parse('64:ff9b:1::'), bits: 48 },
    forms: [LAST, [9, 10, 11, 12], [7, 9, 10, 11], [6, 7, 9, 10]],
  },
  { network: ipaddr.IPv6.parse('2002::'), bits: 16, forms: [[2, 3, 4, 5]] },
  { network: ipaddr.IPv6.parse('::'), bits: 96, forms: [LAST] },
  { network: ipaddr.IPv6.parse('::ffff:0:0:0'), bits: 96, forms: [LAST] },
  // Teredo: a client's address, each bit of it turned over.
  { network: ipaddr.IPv6.parse('2001::'), bits: 32, forms: [LAST], inverted: true },
];

export interface PostOptions {
  /** Key of the HMAC; without it the body is not signed. */
  secret?: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Thrown for an address that nothing is posted to: to try again does not help. */
export class AddressRefused extends Error {}

/** Thrown where it was answered with 3xx: to try again does not help, until the URL is another one. */
export class Redirected extends Error {}

/** Why an address is not posted to; undefined where it is. */
export function refusalOf(address: string): string | undefined {
  const why = whyRefused(address);
  return why && `${address} ${why}: nothing is posted there`;
}

function whyRefused(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return 'is no address';
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (REFUSED_RANGES.includes(range)) return `is ${range === 'linkLocal' ? 'link-local' : range}`;
  if (REFUSED_ADDRESSES.includes(parsed.toString())) return 'is where a cloud answers its machines';
  for (const within of parsed instanceof ipaddr.IPv6 ? translated(parsed) : []) {
    const why = whyRefused(within);
    if (why !== undefined) return `stands for ${within}, which ${why}`;
  }
  return undefined;
}

/** Every IPv4 address that it may stand for. */
function translated(address: ipaddr.IPv6): string[] {
  // Loopback is within ::/96, and stands for no IPv4 address.
  if (address.range() === 'loopback') return [];
  const found = TRANSLATED.find(({ network, bits }) => address.match(network, bits));
  if (found === undefined) return [];
  const bytes = address.toByteArray().map((byte) => (found.inverted ? 255 - byte : byte));
  const read = found.forms.map((form) => form.map((at) => bytes[at]!));
  // Of several forms all but one read nothing that is meant, mostly zeros.
  return read.filter(([first]) => read.length === 1 || first !== 0).map((form) => form.join('.'));
}

/**
 * Resolves once it was answered with 2xx.
 * @throws AddressRefused; Redirected; Error saying why not; without the URL, in which people put tokens
 */
export async function postJson(url: string, body: unknown, options: PostOptions): Promise<void> {
  const text = JSON.stringify(body);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    'user-agent': 'zkferry',
  };
  if (options.secret !== undefined)
    headers['x-zkferry-signature'] =
      `sha256=${createHmac('sha256', options.secret).update(text).digest('hex')}`;
  const { status, answer } = await post(url, headers, text, options);
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new Redirected(`answered ${status}; redirections are not followed`);
  const said = withoutQuery(url, answer);
  throw new Error(`answered ${status}${said === '' ? '' : `: ${said}`}`);
}

/** Pages of errors like to repeat what was asked for. */
function withoutQuery(url: string, answer: string): string {
  const { search, searchParams } = new URL(url);
  const secrets = [search.slice(1), ...searchParams.values()].filter((part) => part.length > 3);
  return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), answer);
}

function post(
  url: string,
  headers: Record<string, string>,
  text: string,
  { timeoutMs, signal }: PostOptions,
): Promise<{ status: number; answer: string }> {
  const { hostname, protocol } = new URL(url);
  const literal = hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(literal) === 0 ? undefined : refusalOf(literal);
  if (refusal !== undefined)
    return Promise.reject(new AddressRefused(`refused: address ${refusal}`));
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const deadline = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (deadline.aborted) reject(new Error(`no answer within ${timeoutMs} ms`));
      else reject(error);
    };
    const request = send(
      url,
      {
        ...{ method: 'POST', headers, agent: false, lookup: checkedLookup },
        signal: AbortSignal.any([signal, deadline]),
      },
      (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          answer = (answer + chunk).slice(0, MAX_ANSWER_CHARS);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, answer: answer.trim() }),
        );
      },
    );
    request.on('error', fail);
    request.end(text);
  });
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** The very addresses that are connected to are looked at: between two look-ups a name may change. */
function checkedLookup(hostname: string, options: object, callback: LookupCallback): void {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const refusal = addresses.map(({ address }) => refusalOf(address)).find(Boolean);
    if (refusal !== undefined)
      return callback(new AddressRefused(`refused: address ${refusal} (${hostname})`), []);
    if ((options as { all?: boolean }).all === true) return callback(null, addresses);
    const [{ address, family }] = addresses as [LookupAddress];
    return callback(null, address, family);
  });
}
