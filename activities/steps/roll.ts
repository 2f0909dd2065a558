/** The step of a restart that gives a stopped server its new list. */
import { memberLines, withMemberList } from '../../src/codec/memberList';
import { parseZooCfg } from '../../src/codec/zooCfg';
import type { MembershipNames } from '../../src/model/plan';
import type { StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { resolveServer } from '../resolve';
import { beforeMembersLabel } from './labels';
import { listOf, membershipOf, textOf } from '../memberNames';
import { isModern } from './members';

export function rollSteps(dependencies: Dependencies): Pick<StepActivities, 'writeMembers'> {
  const { host } = dependencies;
  return {
    writeMembers: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const { before, after } = membershipOf(args.step);
        const token = tokenOf(args.fence);
        const { zooCfg } = await host.readConfiguration(server, context);
        const { members = [] } = await host.observe(server, context, { depth: 'files' });
        // One that is demoted or that waits for its vote is in no list but its own.
        const own = parseZooCfg(zooCfg.text).servers.find(({ id }) => id === server.id);
        const wanted: MembershipNames =
          args.step.role === 'learner'
            ? { ...before, observers: [...before.observers, server.name] }
            : after;
        const list = listOf(wanted, ensemble, members);
        const text = withMemberList(zooCfg.text, {
          members: list.some(({ id }) => id === server.id) || !own ? list : [...list, own],
          self: server.id,
          modern: isModern(args.step.toVersion ?? ''),
          known: memberLines(zooCfg.text),
        });
        if (text === zooCfg.text) return { detail: `its list is ${textOf(wanted)} already` };
        await host.saveConfiguration(server, beforeMembersLabel(args.run), token, context);
        await host.writeConfigurationFile(server, zooCfg.path, text, zooCfg.sha256, token, context);
        return { detail: `its list is now ${textOf(wanted)}` };
      }),
  };
}
