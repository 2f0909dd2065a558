/** Leads clients to other servers and back, on their own hosts or by their webhooks. */
import type { Client } from '../../model/client';
import type { FenceToken, OperationContext, SecretsPort } from '../../model/ports';
import type { Direction, RedirectOrder, RedirectPort } from '../../model/redirect';
import { connectStringOf } from '../../planning/redirect/sides';
import { createHostRunner, type HostRunner } from '../host/runner';
import { SshPool } from '../ssh/pool';
import { fillCommand } from '../ssh/shellQuote';
import { editFiles, lookAtFiles, restoreFiles } from './files';
import { reachableHostOf } from './host';
import { HEALTH_MAIN, TELL_MAIN } from './scripts';
import { sourcesOf } from './sources';
import { callWebhook } from './webhook';

export { sourceOf } from './sources';

export interface RedirectAdapterOptions {
  secrets: SecretsPort;
  /** How long an operation waits for another one on the same client to end (HostBusy). Default 20 s. */
  lockWaitMs?: number;
  /** An unused connection is closed after this long. Default 15 s. */
  idleMs?: number;
}

export interface RedirectAdapter extends RedirectPort {
  /** Ends all connections; a process may exit without it, once they have idled out. */
  close(): Promise<void>;
}

export function createRedirectAdapter(options: RedirectAdapterOptions): RedirectAdapter {
  const pool = new SshPool({ secrets: options.secrets, idleMs: options.idleMs });
  const runner = createHostRunner(pool, { lockWaitMs: options.lockWaitMs ?? 20_000 });
  const { secrets } = options;
  return {
    async look(client, order, context) {
      if (client.webhook !== undefined) return { files: [], begun: false, problems: [] };
      return lookAtFiles(runner, client, order, context);
    },
    async lead(client, order, token, context) {
      if (client.webhook !== undefined)
        return { edited: [], told: await hook(secrets, client, 'redirect', order, context) };
      const edited = await editFiles(runner, client, order, token, context);
      const { told } = await tell(runner, client, 'redirect', order, token, context);
      return { edited, told };
    },
    async leadBack(client, order, token, context) {
      if (client.webhook !== undefined) {
        const told = await hook(secrets, client, 'back', order, context);
        return { begun: true, restored: [], told };
      }
      const { restored } = await restoreFiles(runner, client, order, token, context);
      return { restored, ...(await tell(runner, client, 'back', order, token, context)) };
    },
    async health(client, context) {
      const result = await runner.run(
        reachableHostOf(client, ''),
        {
          what: 'ask the health',
          parts: [],
          main: HEALTH_MAIN,
          values: { command: fillCommand(client.health ?? 'true', { client: client.name }) },
          timeoutMs: client.timeoutMs,
        },
        context,
      );
      return { healthy: result.get('code') === '0', output: result.get('output') ?? '' };
    },
    sourcesOf,
    close: () => pool.close(),
  };
}

async function hook(
  secrets: SecretsPort,
  client: Client,
  direction: Direction,
  order: RedirectOrder,
  { signal }: OperationContext,
): Promise<boolean> {
  const { name, webhook, timeoutMs } = client;
  const connectString = stringFor(direction, order);
  const body = { client: name, connectString, direction, run: order.run };
  await callWebhook(webhook!, body, { secrets, timeoutMs, signal });
  return true;
}

async function tell(
  runner: HostRunner,
  client: Client,
  direction: Direction,
  order: RedirectOrder,
  token: FenceToken,
  context: OperationContext,
): Promise<{ begun: boolean; told: boolean }> {
  const { name, reload, redirect, back } = client;
  const command = reload ?? (direction === 'back' ? (back ?? redirect) : redirect) ?? '';
  const values = { client: name, connectString: stringFor(direction, order) };
  const result = await runner.run(
    reachableHostOf(client, order.ensemble),
    {
      what: direction === 'back' ? 'lead back' : 'redirect',
      parts: [],
      main: TELL_MAIN,
      values: { label: order.label, direction, command: fillCommand(command, values) },
      token,
      timeoutMs: client.timeoutMs,
    },
    context,
  );
  return { begun: result.get('begun') === 'yes', told: result.get('told') === 'yes' };
}

const stringFor = (direction: Direction, { from, to }: RedirectOrder): string =>
  connectStringOf(direction === 'back' ? from : to);
