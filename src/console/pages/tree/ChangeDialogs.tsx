/** A znode comes, or goes. */
import { Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { request } from '../../api/client';
import { enc } from '../../api/queries';
import type { ZNode } from '../../api/types';
import { base64Of } from '../../format/bytes';
import { bytesText } from '../../format/values';
import { Confirm } from '../../parts/Confirm';
import { joinPath } from './treeStore';

const nodeUrl = (ensemble: string): string => `/ensembles/${enc(ensemble)}/tree/node`;

export function CreateDialog({
  ensemble,
  parent,
  onCreated,
  onClose,
}: {
  ensemble: string;
  parent: string;
  onCreated: (path: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [data, setData] = useState('');
  const path = joinPath(parent, name);
  return (
    <Confirm
      title={`Create a znode under ${parent}`}
      confirm={`Create ${name === '' ? 'it' : path}`}
      isReady={name !== '' && !name.includes('/')}
      onConfirm={async () => {
        await request('POST', nodeUrl(ensemble), { body: { path, data: base64Of(data) } });
        onCreated(path);
      }}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        value={name}
        error={name.includes('/') ? 'one name, without /' : undefined}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        data-autofocus
      />
      <Textarea
        label="Data (UTF-8)"
        rows={5}
        value={data}
        onChange={({ currentTarget }) => setData(currentTarget.value)}
      />
      <p className="dim">It is persistent.</p>
    </Confirm>
  );
}

export function DeleteDialog({
  ensemble,
  node: { path, stat },
  onDeleted,
  onClose,
}: {
  ensemble: string;
  node: ZNode;
  onDeleted: () => void;
  onClose: () => void;
}) {
  return (
    <Confirm
      title={`Delete ${path}`}
      confirm={`Delete ${path}`}
      danger
      onConfirm={async () => {
        await request('DELETE', nodeUrl(ensemble), { query: { path, version: stat.version } });
        onDeleted();
      }}
      onClose={onClose}
    >
      <p>
        <code>{path}</code> of <strong>{ensemble}</strong>, version {stat.version},{' '}
        {bytesText(stat.dataLength)}. There is no way back but a backup.
      </p>
    </Confirm>
  );
}
