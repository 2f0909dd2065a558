/** `zkferry schema [WHAT]`: JSON schemas for editors and other programs. */
import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { CONTROL_NAMES, WORKFLOW_TYPES } from '../../model/contract';
import { controlSchemas } from '../../model/inputs';
import { inventorySchema } from '../../model/inventory';
import { action, withCommonOptions, type Runner } from '../context';
import { findStrategy, strategyNames } from '../../model/strategies';

export function registerSchema(program: Command, runner: Runner): void {
  const names = ['inventory', ...strategyNames, ...Object.values(WORKFLOW_TYPES), ...CONTROL_NAMES];
  withCommonOptions(program.command('schema'))
    .description('print the JSON schema of the inventory, or of what a strategy or control takes')
    .addArgument(new Argument('[what]', 'what to describe').choices(names).default('inventory'))
    .action(
      action<[string], object>(runner, (_context, [what]) => {
        const document = jsonSchemaOf(what);
        return Promise.resolve({ text: JSON.stringify(document, undefined, 2), document });
      }),
    );
}

/** Of what a person writes: fields with a default are optional. */
export function jsonSchemaOf(what: string): object {
  const schema =
    what === 'inventory'
      ? inventorySchema
      : what in controlSchemas
        ? controlSchemas[what as keyof typeof controlSchemas]
        : findStrategy(what).schema;
  return { title: `zkferry ${what}`, ...z.toJSONSchema(schema, { io: 'input' }) };
}
