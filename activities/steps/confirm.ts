/** Steps that change nothing but wait until what was done is proven: back in the quorum, settled, agreed. */
import { applyConfigChanges } from '../../src/codec/configChanges';
import { parseZooCfg } from '../../src/codec/zooCfg';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import { compareVersions } from '../../src/model/version';
import type { Observation, StepActivities, StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { membersAgree, whyNotSettled, type SettledLook } from '../health';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { operation, pause, tokenOf, waitFor } from '../operation';
import { resolveServer, resolveTarget } from '../resolve';
import { reviverOf } from '../revive';

type ConfirmSteps = Pick<
  StepActivities,
  'verifyQuorum' | 'soak' | 'finalizeServer' | 'verifyMembersAgree'
>;

/** Looks that must be good in a row. */
const GOOD_LOOKS = 2;
const LOOK_EVERY_MS = 400;
const TRUST_EMPTY = 'snapshot.trust.empty';

export function confirmSteps(dependencies: Dependencies): ConfirmSteps {
  const { host } = dependencies;

  /** Waits until the server is back for good; starts it again if its process died meanwhile. */
  async function awaitBack(
    args: StepArgs,
    ensemble: ResolvedEnsemble,
    server: ResolvedServer,
    context: OperationContext,
  ): Promise<{ observation: Observation; detail: string }> {
    const started = Date.now();
    let good: SettledLook[] = [];
    const reviver = reviverOf(dependencies, ensemble, server, args, context);
    const { observation, detail } = await waitFor<{ observation: Observation; detail: string }>(
      `${server.name} back on ${args.step.toVersion} in a healthy ensemble`,
      { timeoutMs: args.tuning.settleTimeoutMs, everyMs: LOOK_EVERY_MS, context },
      async () => {
        const look = await whyNotSettled(dependencies, ensemble, server, {
          version: args.step.toVersion,
          expectServing: args.expectServing,
          previous: good.at(-1),
          context,
        });
        context.heartbeat({ waitingFor: look.reasons });
        if (look.reasons.length === 0) {
          good.push(look);
          if (good.length >= GOOD_LOOKS)
            return { value: { observation: look.observation, detail: look.detail } };
          return { reasons: ['must stay so for a moment'] };
        }
        good = [];
        await reviver.revive(look.serverState);
        return { reasons: look.reasons };
      },
    );
    return {
      observation,
      detail: `${detail}, after ${Date.now() - started} ms${reviver.text()}`,
    };
  }

  return {
    verifyQuorum: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const { detail, observation } = await awaitBack(args, ensemble, server, context);
        const removed = await removeTrustEmpty(args, server, tokenOf(args.fence), context);
        const undrain = ensemble.hooks?.undrain;
        if (undrain !== undefined)
          await host.runHook(
            server,
            undrain,
            { version: args.step.toVersion ?? '' },
            tokenOf(args.fence),
            context,
            ensemble.hooks?.timeoutMs ?? args.step.timeoutMs,
          );
        return {
          detail: `${detail}${removed ? `; ${TRUST_EMPTY} taken out again` : ''}`,
          observation,
        };
      }),

    soak: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const soakMs = args.tuning.soakMs;
        let healthySince = Date.now();
        let setbacks = 0;
        while (Date.now() - healthySince < soakMs) {
          await pause(Math.min(1_000, soakMs), context.signal);
          const { reasons } = await whyNotSettled(dependencies, ensemble, server, {
            version: args.step.toVersion,
            expectServing: args.expectServing,
            context,
          });
          context.heartbeat({ healthyMs: Date.now() - healthySince, ofMs: soakMs });
          if (reasons.length === 0) continue;
          setbacks += 1;
          await awaitBack(args, ensemble, server, context);
          healthySince = Date.now();
        }
        return {
          detail: `healthy for ${soakMs} ms${setbacks > 0 ? `, after ${setbacks} setback(s)` : ''}`,
        };
      }),

    finalizeServer: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const removed = await removeTrustEmpty(args, server, tokenOf(args.fence), context);
        return { detail: removed ? `${TRUST_EMPTY} taken out` : 'no temporary setting is left' };
      }),

    verifyMembersAgree: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const agreement = await waitFor<{ agree: boolean; detail: string }>(
          'all members serve and agree',
          { timeoutMs: args.tuning.settleTimeoutMs, context },
          async () => {
            const result = await membersAgree(dependencies, ensemble, args.expectServing, context);
            return result.agree ? { value: result } : { reasons: [result.detail] };
          },
        );
        const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
        return {
          detail: agreement.detail,
          membersAgree: agreement,
          observation: observationOf(facts),
        };
      }),
  };

  /**
   * The one temporary setting: a server coming from 3.4 without a snapshot needs it for one start, and
   * left in place it would let a server that lost its snapshots start empty and unnoticed.
   */
  async function removeTrustEmpty(
    args: StepArgs,
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
  ): Promise<boolean> {
    const { fromVersion } = args.step;
    if (fromVersion === undefined || compareVersions(fromVersion, '3.5.0') >= 0) return false;
    const { zooCfg } = await host.readConfiguration(server, context);
    if (parseZooCfg(zooCfg.text).settings[TRUST_EMPTY] === undefined) return false;
    const text = applyConfigChanges(zooCfg.text, [
      { file: 'zoo.cfg', setting: TRUST_EMPTY, why: 'the server has a snapshot of its own now' },
    ]);
    const facts = await host.observe(server, context, { depth: 'files' });
    if ((facts.data?.snapshotCount ?? 0) === 0)
      throw new ZkferryError(
        'WaitTimedOut',
        `${server.name} serves but has written no snapshot yet, so ${TRUST_EMPTY} must stay; waiting for its first snapshot`,
        { retryable: true },
      );
    await host.writeConfigurationFile(server, zooCfg.path, text, zooCfg.sha256, token, context);
    return true;
  }
}
