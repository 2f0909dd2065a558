/** A host as it stands before a port: an IPv6 address in brackets, which its own colons run into the port without. */
export const bracketed = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;

/** `zk1:2181`, `[::1]:2181`: how an address is shown, and what a connection string takes. */
export const hostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`;
