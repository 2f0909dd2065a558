/** Says that the server is gone, until it is back. */
import { useConnectionLost } from '../api/connection';

export function ConnectionBanner() {
  const lost = useConnectionLost();
  return (
    <div role="status" aria-live="assertive" className={lost ? 'banner' : 'visually-hidden'}>
      {lost && '! Connection lost, trying again. What is shown may be old.'}
    </div>
  );
}
