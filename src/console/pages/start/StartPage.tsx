/** A run begins: a strategy, what it takes, the plan to read, and then the start. */
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { Plan } from '../../../model/plan';
import { isObject } from '../../../model/isObject';
import { ApiError, request } from '../../api/client';
import { enc, ensemblesQuery, repositoriesQuery, strategiesQuery } from '../../api/queries';
import type { JsonSchema, Strategy } from '../../api/types';
import { useMay } from '../../app/session';
import { filledIn, type Values } from '../../forms/schema';
import { SchemaForm } from '../../forms/SchemaForm';
import { wordsOf } from '../../format/values';
import { Loaded } from '../../parts/Loaded';
import { PageHead, Panel } from '../../parts/PageHead';
import { pathText, ProblemView } from '../../parts/ProblemView';
import { beginningOf } from './beginning';
import { PlanView } from './PlanView';
import { suggestedTicket } from './ticket';

export function StartPage() {
  const strategies = useQuery(strategiesQuery);
  const [search, setSearch] = useSearchParams();
  const isOperator = useMay('operator');
  const name = search.get('strategy') ?? '';
  const choose = (chosen: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.set('strategy', chosen);
      return next;
    });
  return (
    <>
      <PageHead title="Start a run" />
      {!isOperator && (
        <p className="notice notice-warning">
          ! Operators start runs; you are none. You can still read what a plan would be.
        </p>
      )}
      <Loaded query={strategies} what="the strategies">
        {({ items }) => {
          const strategy = items.find((one) => one.name === name || one.workflowType === name);
          return (
            <>
              <div className="filters">
                <NativeSelect
                  label="Strategy"
                  value={strategy?.name ?? ''}
                  onChange={({ currentTarget }) => choose(currentTarget.value)}
                  data={[
                    { value: '', label: 'choose…' },
                    ...items.map((one) => ({ value: one.name, label: wordsOf(one.workflowType) })),
                  ]}
                />
              </div>
              {strategy && (
                <StartForm
                  key={strategy.name}
                  strategy={strategy}
                  beginning={beginningOf(strategy.schema, search)}
                  isOperator={isOperator}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function StartForm({
  strategy,
  beginning,
  isOperator,
}: {
  strategy: Strategy;
  beginning: Values;
  isOperator: boolean;
}) {
  const navigate = useNavigate();
  const ensembles = useQuery(ensemblesQuery);
  const repositories = useQuery(repositoriesQuery);
  const [values, setValues] = useState<Values>(beginning);
  const [json, setJson] = useState<string>();
  const [ticket, setTicket] = useState(() => suggestedTicket(strategy.name, new Date()));

  const input = () =>
    json === undefined ? (filledIn(values) ?? {}) : (JSON.parse(json) as unknown);
  const plan = useMutation({
    mutationFn: async () => {
      const planned = input();
      const made = await request<Plan>('POST', '/plans', {
        body: { strategy: strategy.name, input: planned },
      });
      return { made, planned: JSON.stringify(planned) };
    },
  });
  const start = useMutation({
    mutationFn: () =>
      request<{ workflowId: string }>('POST', '/runs', {
        body: { ticket: ticket.trim(), strategy: strategy.name, input: input() },
      }),
    onSuccess: ({ workflowId }) => navigate(`/runs/${enc(workflowId)}`),
  });

  const error = start.error ?? plan.error;
  const errors = new Map(
    (error instanceof ApiError ? (error.problem.errors ?? []) : []).map(({ path, message }) => [
      pathText(path),
      message,
    ]),
  );
  const names = ensembles.data?.items.map((one) => one.name) ?? [];
  const servers = (ensembles.data?.items ?? [])
    .filter((one) => one.name === values.ensemble || values.ensemble === undefined)
    .flatMap((one) => one.servers.map((server) => server.name));
  const suggestions = {
    ensemble: names,
    source: names,
    target: names,
    from: names,
    repository: repositories.data?.items.map((one) => one.name) ?? [],
    add: servers,
    remove: servers,
    promote: servers,
    demote: servers,
    on: servers,
  };
  const isUnreadable = json !== undefined && !isJson(json);
  const isOldPlan =
    plan.data !== undefined && !isUnreadable && plan.data.planned !== JSON.stringify(input());

  return (
    <div className="start-columns">
      <Panel
        title={wordsOf(strategy.workflowType)}
        actions={
          <Button
            variant="default"
            onClick={() => {
              if (json === undefined) setJson(JSON.stringify(filledIn(values) ?? {}, undefined, 2));
              else if (isJson(json)) {
                setValues(JSON.parse(json) as Values);
                setJson(undefined);
              }
            }}
            disabled={isUnreadable}
          >
            {json === undefined ? 'Write it as JSON' : 'Back to the form'}
          </Button>
        }
      >
        <form
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            start.reset();
            if (strategy.hasPlan) plan.mutate();
            else start.mutate();
          }}
        >
          {json === undefined ? (
            <SchemaForm
              schema={withoutAlias(strategy.schema)}
              value={values}
              onChange={setValues}
              context={{ errors, suggestions }}
            />
          ) : (
            <Textarea
              label="Input (JSON)"
              description={`For example ${JSON.stringify(strategy.example)}`}
              rows={16}
              spellCheck={false}
              classNames={{ input: 'mono' }}
              value={json}
              error={isUnreadable ? 'this is not JSON yet' : undefined}
              onChange={({ currentTarget }) => setJson(currentTarget.value)}
            />
          )}
          <TextInput
            label="Ticket"
            description="Names this start: sent twice with the same ticket, it starts one run"
            required
            error={errors.get('ticket')}
            value={ticket}
            onChange={({ currentTarget }) => setTicket(currentTarget.value)}
          />
          <ProblemView
            error={error}
            shownElsewhere={json === undefined ? (path) => path !== '' : undefined}
          />
          <div className="links">
            {strategy.hasPlan && (
              <Button type="submit" size="sm" loading={plan.isPending} disabled={isUnreadable}>
                Show the plan
              </Button>
            )}
            {isOperator && (
              <Button
                size="sm"
                variant={strategy.hasPlan ? 'default' : 'filled'}
                type={strategy.hasPlan ? 'button' : 'submit'}
                loading={start.isPending}
                disabled={isUnreadable || ticket.trim() === ''}
                onClick={strategy.hasPlan ? () => start.mutate() : undefined}
              >
                Start the run
              </Button>
            )}
          </div>
          {strategy.hasPlan && (
            <p className="dim">
              A run makes its plan anew and waits at gate start, where it is read and approved.
            </p>
          )}
        </form>
      </Panel>
      <div aria-live="polite">
        {plan.isPending && (
          <p className="dim">Looking at every server and planning; this takes some seconds…</p>
        )}
        {plan.data && (
          <>
            {isOldPlan && (
              <p className="notice notice-warning">
                ! The input has been changed since: this is the plan of what was there before.
              </p>
            )}
            <PlanView plan={plan.data.made} />
          </>
        )}
      </div>
    </div>
  );
}

/** Of a migration or a restore `ensemble` may be left out, and says nothing that another field does not. */
function withoutAlias(schema: JsonSchema): JsonSchema {
  const { ensemble, ...others } = schema.properties ?? {};
  const isAlias = ensemble !== undefined && !schema.required?.includes('ensemble');
  return isAlias ? { ...schema, properties: others } : schema;
}

function isJson(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}
