/** One znode: its data, who may do what with it, when it came to be what it is. Admins may change it. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { nodeQuery } from '../../api/queries';
import type { ZNode } from '../../api/types';
import { useMay } from '../../app/session';
import { bytesText, countText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Loaded } from '../../parts/Loaded';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import { CreateDialog, DeleteDialog } from './ChangeDialogs';
import { DataEditor } from './DataEditor';
import { DataView } from './DataView';

export function NodePanel({
  ensemble,
  path,
  onCreated,
  onDeleted,
}: {
  ensemble: string;
  path: string;
  onCreated: (path: string) => void;
  onDeleted: () => void;
}) {
  const node = useQuery(nodeQuery(ensemble, path));
  const isAdmin = useMay('admin', ensemble);
  const [doing, setDoing] = useState<'edit' | 'create' | 'delete'>();
  return (
    <>
      <div className="panel-head">
        <h2>
          <code>{path}</code>
        </h2>
        <div className="links">
          <Button variant="default" loading={node.isFetching} onClick={() => void node.refetch()}>
            Read again
          </Button>
          {isAdmin && (
            <>
              <Button variant="default" onClick={() => setDoing('create')}>
                Create below…
              </Button>
              {path !== '/' && node.data && (
                <Button variant="outline" color="red" onClick={() => setDoing('delete')}>
                  Delete…
                </Button>
              )}
            </>
          )}
        </div>
      </div>
      <Loaded query={node} what={path}>
        {(read) => (
          <>
            {doing === 'edit' ? (
              <DataEditor
                ensemble={ensemble}
                node={read}
                reread={() => node.refetch().then(({ data }) => data)}
                onClose={() => setDoing(undefined)}
              />
            ) : (
              <DataView
                node={read}
                onEdit={isAdmin && !read.truncated ? () => setDoing('edit') : undefined}
              />
            )}
            <NodeFacts node={read} />
            {doing === 'delete' && (
              <DeleteDialog
                ensemble={ensemble}
                node={read}
                onDeleted={onDeleted}
                onClose={() => setDoing(undefined)}
              />
            )}
          </>
        )}
      </Loaded>
      {doing === 'create' && (
        <CreateDialog
          ensemble={ensemble}
          parent={path}
          onCreated={onCreated}
          onClose={() => setDoing(undefined)}
        />
      )}
    </>
  );
}

function NodeFacts({ node: { stat, acl } }: { node: ZNode }) {
  const { ephemeralOwner } = stat;
  const isEphemeral = ephemeralOwner !== undefined && !/^(0x)?0*$/.test(ephemeralOwner);
  return (
    <>
      <h3 className="phase">Stat</h3>
      <Facts
        facts={[
          ['Created', <Time key="c" at={stat.ctime} />],
          ['czxid', <code key="cz">{stat.czxid}</code>],
          ['Modified', <Time key="m" at={stat.mtime} />],
          ['mzxid', <code key="mz">{stat.mzxid}</code>],
          ['pzxid', <code key="pz">{stat.pzxid}</code>],
          ['Version', stat.version],
          ['cversion', stat.cversion],
          ['aversion', stat.aversion],
          ['Data', bytesText(stat.dataLength)],
          ['Children', countText(stat.numChildren)],
          [
            'Ephemeral of session',
            isEphemeral ? <code key="e">{ephemeralOwner}</code> : 'no, it is persistent',
          ],
        ]}
      />
      <h3 className="phase">ACL</h3>
      <Table<ZNode['acl'][number]>
        label="ACL"
        items={acl}
        keyOf={({ scheme, id }) => `${scheme} ${id}`}
        columns={[
          { title: 'Scheme', cell: ({ scheme }) => scheme },
          { title: 'Identity', cell: ({ id }) => <code>{id}</code> },
          { title: 'May', cell: ({ perms }) => permissionsText(perms) },
        ]}
      />
    </>
  );
}

const PERMISSIONS: Record<string, string> = {
  c: 'create',
  d: 'delete',
  r: 'read',
  w: 'write',
  a: 'admin',
};

const permissionsText = (perms: string): string =>
  /^[cdrwa]+$/.test(perms)
    ? [...perms].map((letter) => PERMISSIONS[letter] ?? letter).join(', ')
    : perms;
