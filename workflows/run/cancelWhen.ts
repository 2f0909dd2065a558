/** Work that is told to stop once something else is wanted. */
import { CancellationScope, condition } from '@temporalio/workflow';

/**
 * Cancels `scope` as soon as `unwanted` holds. It hears nothing of the workflow's own cancellation, which reaches the scope by
 * itself: a watcher that nobody awaits yet would fail the workflow's task with it, again and again.
 * @returns ends the watching; to be called once the work is over, however it ended
 */
export function cancelWhen(scope: CancellationScope, unwanted: () => boolean): () => Promise<void> {
  let finished = false;
  const watcher = CancellationScope.nonCancellable(async () => {
    await condition(() => finished || unwanted());
    if (!finished) scope.cancel();
  });
  return () => {
    finished = true;
    return watcher;
  };
}
