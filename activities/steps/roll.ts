/** The step of a restart that gives a stopped server its new list. */
import type { StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { learnerList, writeMemberList } from '../memberFile';
import { operation, tokenOf } from '../operation';
import { resolveServer } from '../resolve';
import { beforeMembersLabel } from './labels';
import { membershipOf, textOf } from '../memberNames';

export function rollSteps(dependencies: Dependencies): Pick<StepActivities, 'writeMembers'> {
  const { host } = dependencies;
  return {
    writeMembers: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const membership = membershipOf(args.step);
        const wanted =
          args.step.role === 'learner' ? learnerList(membership, server.name) : membership.after;
        const token = tokenOf(args.fence);
        const written = await writeMemberList(
          dependencies,
          ensemble,
          server,
          wanted,
          args.step.toVersion ?? '',
          token,
          context,
          () => host.saveConfiguration(server, beforeMembersLabel(args.run), token, context),
        );
        return { detail: `its list is ${textOf(wanted)} ${written ? 'now' : 'already'}` };
      }),
  };
}
