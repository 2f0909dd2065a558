/** What the run asks people, with what they decide on, and how many have decided so far. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { request } from '../../api/client';
import { enc } from '../../api/queries';
import type { RunStatus, ShownGate } from '../../api/types';
import { useMay, useMe } from '../../app/session';
import { durationText, shortHash, wordsOf } from '../../format/values';
import { Confirm } from '../../parts/Confirm';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { useNow } from '../../parts/useNow';

const ON_TIMEOUT = {
  wait: 'it goes on waiting',
  abort: 'the run is given up',
  rollback: 'the run goes back',
} as const;

export function GateCard({
  gate,
  status,
  take,
}: {
  gate: ShownGate;
  status: RunStatus;
  take: (status: RunStatus) => void;
}) {
  const [asked, setAsked] = useState<'approve' | 'reject'>();
  const me = useMe();
  const mayDecide = useMay('approver', status.ensemble);
  const now = useNow(gate.expiresAt !== undefined);
  const { approvals = [], needed = 1 } = gate;
  const hasApproved = approvals.some(({ by }) => by === me.actor);
  const decide = async (comment: string | undefined) =>
    take(
      await request<RunStatus>(
        'POST',
        `/runs/${enc(status.workflowId)}/gates/${gate.gate}/${asked ?? 'reject'}`,
        { body: { planHash: gate.planHash, comment } },
      ),
    );
  return (
    <section className="panel gate" aria-labelledby="gate-title">
      <h2 id="gate-title">
        <span aria-hidden="true">‖ </span>Gate {wordsOf(gate.gate)}: the run waits for a decision
      </h2>
      <p className="prose gate-why">{gate.why}</p>
      <Facts
        facts={[
          [
            'Plan',
            <code key="h" title={gate.planHash}>
              {shortHash(gate.planHash)}
            </code>,
          ],
          ['Asked', <Time key="o" at={gate.openedAt} ago />],
          ['Approvals', `${approvals.length} of ${needed}`],
          gate.expiresAt !== undefined && [
            'Without a decision',
            `${ON_TIMEOUT[gate.onTimeout]} in ${durationText(Math.max(0, Date.parse(gate.expiresAt) - now))}`,
          ],
        ]}
      />
      {approvals.length > 0 && (
        <ul className="plain-list">
          {approvals.map(({ by, at, expiresAt, comment }) => (
            <li key={`${by}${at}`}>
              ✓ {by}, <Time at={at} />
              {expiresAt !== undefined && (
                <>
                  , counts until <Time at={expiresAt} />
                </>
              )}
              {comment !== undefined && <>: “{comment}”</>}
            </li>
          ))}
        </ul>
      )}
      {mayDecide ? (
        <div className="links">
          <Button size="sm" disabled={hasApproved} onClick={() => setAsked('approve')}>
            Approve…
          </Button>
          <Button size="sm" color="red" variant="outline" onClick={() => setAsked('reject')}>
            Reject…
          </Button>
          {hasApproved && <span>You have approved; somebody else has to as well.</span>}
        </div>
      ) : (
        <p className="dim">Approvers of {status.ensemble} decide; you are none.</p>
      )}
      {asked && (
        <Confirm
          title={`${asked === 'approve' ? 'Approve' : 'Reject'} gate ${wordsOf(gate.gate)} of plan ${shortHash(gate.planHash)}`}
          confirm={`${asked === 'approve' ? 'Approve' : 'Reject'} plan ${gate.planHash.slice(0, 8)}`}
          danger={asked === 'reject'}
          withComment
          onConfirm={decide}
          onClose={() => setAsked(undefined)}
        >
          <p className="prose">{gate.why}</p>
          <p>
            It is recorded as the decision of <strong>{me.actor}</strong>
            {me.approvals === 'signed' && ', signed by this server,'} on {status.ensemble}, for the
            plan <code>{gate.planHash}</code>. If the plan has become another one meanwhile, it is
            refused.
          </p>
        </Confirm>
      )}
    </section>
  );
}
