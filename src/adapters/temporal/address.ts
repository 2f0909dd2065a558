/** Where Temporal is, and whether it is asked by TLS. */
import type { TemporalOptions } from './connect';

export type Asked = Pick<TemporalOptions, 'address' | 'tls' | 'apiKey'>;

/** API keys are sent by TLS only. */
export const tlsOf = ({ tls, apiKey }: Asked): TemporalOptions['tls'] =>
  tls ?? (apiKey === undefined ? undefined : true);

/** `host:port`, `[ipv6]:port`; undefined for anything else. */
export const splitAddress = (address: string): { host: string; port: number } | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
};
