/** `zkferry token create|list|revoke`: who may use the server. Works on its file of tokens; needs neither server nor Temporal. */
import { InvalidArgumentError, type Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import { parseGrant, type Grant } from '../../model/identity';
import { person } from '../../model/inputs';
import { parseOrThrow } from '../../model/validation';
import { action, withCommonOptions, type CommandContext, type Runner } from '../context';
import { wholeNumber } from '../options';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 90;
const MOST_DAYS = 3_660;

function grants(text: string, before: Grant[] = []): Grant[] {
  const grant = parseGrant(text);
  if (grant === undefined)
    throw new InvalidArgumentError(
      'expected ROLE:ENSEMBLE,… with a role of viewer, operator, approver, admin, and * for all ensembles',
    );
  return [...before, grant];
}

export function registerToken(program: Command, runner: Runner): void {
  const token = program.command('token').description('tokens for the HTTP API and the console');
  withCommonOptions(token.command('create <name>'))
    .description('make a token for somebody; it is shown once')
    .requiredOption(
      '--grant <role:ensembles>',
      'such as operator:orders or viewer:* (repeatable)',
      grants,
    )
    .option('--days <n>', 'how long it counts', wholeNumber(1, MOST_DAYS), DEFAULT_DAYS)
    .action(
      action<[string], { grant: Grant[]; days: number }>(
        runner,
        async (context, [given], { grant, days }) => {
          const name = parseOrThrow(person, given, 'the name', 'BadUsage');
          const { mintToken, readTokens, writeTokens } = await tokens();
          const path = await fileOf(context);
          const made = mintToken(
            { name, grants: grant },
            { now: context.io.now(), validMs: days * DAY_MS },
          );
          await writeTokens(path, [...(await readTokens(path)), made.record]);
          context.output.aside(`kept in ${path}; it counts until ${made.record.expiresAt}`);
          const { id, expiresAt } = made.record;
          return { text: made.token, document: { ok: true, token: made.token, id, expiresAt } };
        },
      ),
    );
  withCommonOptions(token.command('list'))
    .description('whose tokens there are')
    .action(
      action<[], object>(runner, async (context) => {
        const { readTokens } = await tokens();
        const known = await readTokens(await fileOf(context));
        const items = known.map(({ sha256: _hash, ...shown }) => shown);
        const text = items
          .map(({ id, name, grants: given, expiresAt }) =>
            [id, name, given.map(grantText).join(' '), `until ${expiresAt}`].join('  '),
          )
          .join('\n');
        return { text: text || 'no tokens', document: { ok: true, items } };
      }),
    );
  withCommonOptions(token.command('revoke <id>'))
    .description('let a token count no more, at once')
    .action(
      action<[string], object>(runner, async (context, [id]) => {
        const { readTokens, writeTokens } = await tokens();
        const path = await fileOf(context);
        const known = await readTokens(path);
        const kept = known.filter((record) => record.id !== id);
        if (kept.length === known.length)
          throw new ZkferryError('BadUsage', `${path} has no token ${JSON.stringify(id)}`);
        await writeTokens(path, kept);
        return { text: `revoked ${id}`, document: { ok: true, id } };
      }),
    );
}

const grantText = ({ role, ensembles }: Grant): string => `${role}:${ensembles.join(',')}`;

const tokens = () => import('../../adapters/identity/tokens');

async function fileOf(context: CommandContext): Promise<string> {
  const { readServerConfiguration, tokensFile } = await import('../../api/configuration');
  return tokensFile(await readServerConfiguration(context.env));
}
