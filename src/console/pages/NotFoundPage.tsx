/** An address that names no page. */
import { PageHead } from '../parts/PageHead';

export function NotFoundPage() {
  return (
    <>
      <PageHead title="No such page" />
      <p>
        The address names no page of the console. <a href="#/runs">Go to the runs</a>.
      </p>
    </>
  );
}
