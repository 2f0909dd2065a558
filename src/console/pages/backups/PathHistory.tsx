/** What happened to one path, as the repository kept it. */
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { historyQuery } from '../../api/queries';
import type { HistoryItem } from '../../api/types';
import { bytesOf, utf8Of } from '../../format/bytes';
import { Loaded } from '../../parts/Loaded';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';

/** Data comes as base64; whatever else it may be is shown as it is. */
function dataText(data: string | undefined): string {
  if (data === undefined) return '–';
  try {
    const bytes = bytesOf(data);
    return utf8Of(bytes) ?? `${bytes.length} bytes, no UTF-8`;
  } catch {
    return data;
  }
}

export function PathHistory({
  repository,
  onPick,
}: {
  repository: string;
  onPick: (zxid: string) => void;
}) {
  const [text, setText] = useState('');
  const [path, setPath] = useState('');
  const history = useQuery(historyQuery(repository, path));
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
          {({ items }) => (
            <Table<HistoryItem>
              label={`History of ${path}`}
              items={items}
              keyOf={({ zxid, operation }, index) => `${zxid} ${operation} ${index}`}
              empty={`Nothing that is kept happened to ${path}.`}
              columns={[
                { title: 'When', cell: ({ at }) => <Time at={at} /> },
                { title: 'zxid', cell: ({ zxid }) => <code>{zxid}</code> },
                { title: 'What', cell: ({ operation }) => operation },
                {
                  title: 'Data',
                  cell: ({ data }) => <div className="diff-cell mono">{dataText(data)}</div>,
                },
                {
                  title: 'Restore',
                  cell: ({ zxid }) => (
                    <button
                      type="button"
                      className="link-button"
                      aria-label={`Choose ${zxid} to restore`}
                      onClick={() => onPick(zxid)}
                    >
                      choose
                    </button>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      )}
    </Panel>
  );
}
