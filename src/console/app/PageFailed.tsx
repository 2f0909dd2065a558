/** What stands in place of a page that failed to draw. */
import { useRouteError } from 'react-router';
import { PageHead } from '../parts/PageHead';
import { ProblemView } from '../parts/ProblemView';

export function PageFailed() {
  const error = useRouteError();
  return (
    <>
      <PageHead title="This page failed" />
      <ProblemView error={error} />
      <p>
        Runs are not touched by it. <a href="#/runs">Back to the runs</a>, or load the page again.
      </p>
    </>
  );
}
