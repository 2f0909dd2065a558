/** What happened to one path, as the log that the repository kept tells it. */
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { historyQuery } from '../../api/queries';
import type { PathChange, PathHistory as History } from '../../api/types';
import { bytesText, countText } from '../../format/values';
import { Loaded } from '../../parts/Loaded';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import type { Moment } from './moment';

export function PathHistory({
  repository,
  ensemble,
  onPick,
}: {
  repository: string;
  ensemble: string;
  onPick: (moment: Moment) => void;
}) {
  const [text, setText] = useState('');
  const [path, setPath] = useState('');
  const history = useQuery(historyQuery(repository, ensemble, path));
  return (
    <Panel title="History of a path">
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          setPath(text.trim());
        }}
      >
        <TextInput
          className="grow"
          label="Path"
          placeholder="/shop/config"
          spellCheck={false}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button
          type="submit"
          size="sm"
          disabled={!text.trim().startsWith('/')}
          loading={history.isFetching}
        >
          Look
        </Button>
      </form>
      {path !== '' && (
        <Loaded query={history} what={`what happened to ${path}`}>
          {(found) => <Changes history={found} onPick={onPick} />}
        </Loaded>
      )}
    </Panel>
  );
}

function Changes({
  history: { path, from, to, total, changes, gaps },
  onPick,
}: {
  history: History;
  onPick: (moment: Moment) => void;
}) {
  return (
    <>
      <p className="dim">
        {total > changes.length
          ? `The newest ${countText(changes.length)} of ${countText(total)} changes`
          : `${countText(total)} ${total === 1 ? 'change' : 'changes'}`}{' '}
        after <code>{from}</code> up to <code>{to}</code>.
      </p>
      {gaps.length > 0 && (
        <div className="notice notice-warning">
          ! What nobody knows of:
          <ul>
            {gaps.map((gap) => (
              <li key={gap}>{gap}</li>
            ))}
          </ul>
        </div>
      )}
      <Table<PathChange>
        label={`History of ${path}`}
        items={[...changes].reverse()}
        keyOf={({ zxid, change }, index) => `${zxid} ${change} ${index}`}
        empty={`Nothing that is kept happened to ${path}.`}
        columns={[
          { title: 'When', cell: ({ time }) => <Time at={time} /> },
          { title: 'zxid', cell: ({ zxid }) => <code>{zxid}</code> },
          { title: 'What', cell: changeText },
          {
            title: 'Data',
            numeric: true,
            cell: ({ dataBytes }) => (dataBytes === undefined ? '–' : bytesText(dataBytes)),
          },
          { title: 'By session', cell: ({ session }) => <code>{session}</code> },
          {
            title: 'Restore',
            cell: ({ zxid }) => (
              <span className="links">
                <button
                  type="button"
                  className="link-button"
                  aria-label={`as it was then, at ${zxid}`}
                  onClick={() => onPick({ by: 'zxid', value: zxid, path })}
                >
                  as it was then
                </button>
                <button
                  type="button"
                  className="link-button"
                  aria-label={`just before ${zxid}`}
                  onClick={() => onPick({ by: 'zxid', value: zxidBefore(zxid), path })}
                >
                  just before
                </button>
              </span>
            ),
          },
        ]}
      />
    </>
  );
}

const zxidBefore = (zxid: string): string => `0x${(BigInt(zxid) - 1n).toString(16)}`;

function changeText({ change, version, ephemeral, child }: PathChange): string {
  switch (change) {
    case 'created':
      return ephemeral ? 'created, ephemeral' : 'created';
    case 'set':
      return `data set, version ${version ?? '?'}`;
    case 'acl':
      return `ACL set, version ${version ?? '?'}`;
    case 'deleted':
      return 'deleted';
    case 'childCreated':
      return `child ${child ?? ''} created`;
    case 'childDeleted':
      return `child ${child ?? ''} deleted`;
  }
}
