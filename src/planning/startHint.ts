import type { ServerFacts } from '../model/facts';

/** What starts a server by hand: a run that was ended half-way leaves a service masked, which then refuses to start. */
export const startHint = ({ host }: ServerFacts): string =>
  host?.process?.masked === true ? 'unmask its service and start it' : 'start it';
