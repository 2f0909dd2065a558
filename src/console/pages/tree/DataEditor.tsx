/** Writes data, on the version that was read: what somebody else has written meanwhile is not overwritten unseen. */
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, request } from '../../api/client';
import { enc, nodeQuery, queryClient } from '../../api/queries';
import type { ZNode } from '../../api/types';
import { base64Of, bytesOf, utf8Of } from '../../format/bytes';
import { ProblemView } from '../../parts/ProblemView';

export function DataEditor({
  ensemble,
  node,
  reread,
  onClose,
}: {
  ensemble: string;
  node: ZNode;
  reread: () => Promise<ZNode | undefined>;
  onClose: () => void;
}) {
  const { path } = node;
  const [text, setText] = useState(() => utf8Of(bytesOf(node.data ?? '')) ?? '');
  const [version, setVersion] = useState(node.stat.version);
  /** What was there when it was read again after a conflict. */
  const [theirs, setTheirs] = useState<string>();
  const save = useMutation({
    mutationFn: () =>
      request('PUT', `/ensembles/${enc(ensemble)}/tree/node`, {
        body: { path, data: base64Of(text), version },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: nodeQuery(ensemble, path).queryKey });
      onClose();
    },
  });
  const isConflict = save.error instanceof ApiError && save.error.status === 409;
  const readAgain = async () => {
    const now = await reread();
    if (now === undefined) return;
    setVersion(now.stat.version);
    setTheirs(utf8Of(bytesOf(now.data ?? '')) ?? '(no UTF-8)');
    save.reset();
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Textarea
        label="Data (UTF-8)"
        description={`Written only where the znode still has version ${version}`}
        rows={12}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        data-autofocus
      />
      <ProblemView error={save.error} />
      {isConflict && (
        <div className="links">
          <Button variant="default" onClick={() => void readAgain()}>
            Read it again
          </Button>
          <span>Your text stays here.</span>
        </div>
      )}
      {theirs !== undefined && (
        <div>
          <p>
            This is there now, in version {version}. If you save, your text replaces it.{' '}
            <button type="button" className="link-button" onClick={() => setText(theirs)}>
              Take it instead of mine
            </button>
          </p>
          <pre className="data" tabIndex={0} aria-label="What is there now">
            {theirs}
          </pre>
        </div>
      )}
      <div className="links">
        <Button type="submit" loading={save.isPending} disabled={isConflict}>
          Save
        </Button>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
