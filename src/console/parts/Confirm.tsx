/** A dialog that says what is going to happen before it does, and stays with the reason where it is refused. */
import { Button, Group, Modal, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { ProblemView } from './ProblemView';

export function Confirm({
  title,
  confirm,
  danger = false,
  withComment = false,
  isReady = true,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  /** What the button says: the deed itself. */
  confirm: string;
  danger?: boolean;
  withComment?: boolean;
  isReady?: boolean;
  onConfirm: (comment: string | undefined) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const [comment, setComment] = useState('');
  const [opener] = useState(() => document.activeElement);
  // The dialog goes as a whole, so that it cannot give the focus back by itself.
  useEffect(
    () => () => {
      window.setTimeout(() => {
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      });
    },
    [opener],
  );
  const deed = useMutation({
    mutationFn: () => onConfirm(comment.trim() === '' ? undefined : comment.trim()),
    onSuccess: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      centered
      size="lg"
      // It would inject a style element, which the content security policy forbids.
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'close' }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          deed.mutate();
        }}
      >
        <div className="stack">
          {children}
          {withComment && (
            <Textarea
              label="Comment"
              description="Kept with the run, for everybody to read"
              maxLength={2_000}
              autosize={false}
              rows={3}
              value={comment}
              onChange={({ currentTarget }) => setComment(currentTarget.value)}
              data-autofocus
            />
          )}
          <ProblemView error={deed.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              color={danger ? 'red' : undefined}
              loading={deed.isPending}
              disabled={!isReady}
            >
              {confirm}
            </Button>
          </Group>
        </div>
      </form>
    </Modal>
  );
}
