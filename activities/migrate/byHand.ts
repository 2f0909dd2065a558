/** What a person does on a host that this run can't reach, or that is closed while nobody watches. */
import { serverValues } from '../../src/adapters/host/program';
import { shellQuote } from '../../src/adapters/ssh/shellQuote';
import { fenceTable } from '../../src/model/clientFence';
import type { ResolvedServer } from '../../src/model/inventory';
import type { ClosedServer } from '../../src/model/status';

/** The rules that are wanted go first: whoever watches over them would bring them back. */
export function closedServer(server: ResolvedServer): Omit<ClosedServer, 'side'> {
  const directory = serverValues(server).state_dir!;
  const files = ['nft', 'live'].map((end) => shellQuote(`${directory}/client-fence.${end}`));
  return {
    server: server.name,
    openByHand: `rm -f ${files.join(' ')}; nft delete table inet ${fenceTable(server)}`,
  };
}

/** Undefined where the inventory says of no service. */
export function startByHand(server: ResolvedServer): string | undefined {
  const { service } = server;
  switch (service?.kind) {
    case 'systemd': {
      const name = serverValues(server).svc_unit!;
      const [unit, mask] = [name, `/run/systemd/system/${name}.d/zz-zkferry-mask.conf`].map(
        shellQuote,
      );
      return `rm -f ${mask}; systemctl unmask --runtime ${unit}; systemctl daemon-reload; systemctl start ${unit}`;
    }
    case 'script': {
      const script = shellQuote(service.path);
      return `${script} unmask && ${script} start`;
    }
    case 'commands':
      return service.unmask === undefined ? service.start : `${service.unmask} && ${service.start}`;
    case undefined:
      return undefined;
  }
}
