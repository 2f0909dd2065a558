import type { ServerFacts } from '../model/facts';

/** What starts a server by hand: a run that was ended half-way leaves a service masked, which then refuses to start. */
export const startHint = (server: ServerFacts): string =>
  isMasked(server) ? 'unmask its service and start it' : 'start it';

export const isMasked = ({ host }: ServerFacts): boolean => host?.process?.masked === true;
