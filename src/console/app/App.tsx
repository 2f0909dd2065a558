/** Signs in first, then shows the page that the address names. */
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { createHashRouter, Navigate, RouterProvider } from 'react-router';
import { onRecovered } from '../api/connection';
import { setOnSignedOut } from '../api/client';
import { meQuery, queryClient } from '../api/queries';
import { AuditPage } from '../pages/AuditPage';
import { BackupsPage } from '../pages/backups/BackupsPage';
import { DiffPage } from '../pages/DiffPage';
import { EnsemblePage } from '../pages/ensembles/EnsemblePage';
import { EnsemblesPage } from '../pages/ensembles/EnsemblesPage';
import { LoginPage } from '../pages/LoginPage';
import { NotFoundPage } from '../pages/NotFoundPage';
import { RunPage } from '../pages/run/RunPage';
import { RunsPage } from '../pages/RunsPage';
import { StartPage } from '../pages/start/StartPage';
import { TreePage } from '../pages/tree/TreePage';
import { ProblemView } from '../parts/ProblemView';
import { ConnectionBanner } from './ConnectionBanner';
import { PageFailed } from './PageFailed';
import { backToPlace } from './placeBefore';
import { SessionProvider } from './session';
import { Shell } from './Shell';

// Before the router looks where one is.
backToPlace();

const router = createHashRouter([
  {
    element: <Shell />,
    children: [
      {
        errorElement: <PageFailed />,
        children: [
          { index: true, element: <Navigate to="/runs" replace /> },
          { path: 'ensembles', element: <EnsemblesPage /> },
          { path: 'ensembles/:ensemble', element: <EnsemblePage /> },
          { path: 'ensembles/:ensemble/tree', element: <TreePage /> },
          { path: 'start', element: <StartPage /> },
          { path: 'runs', element: <RunsPage /> },
          { path: 'runs/:id', element: <RunPage /> },
          { path: 'backups', element: <BackupsPage /> },
          { path: 'diff', element: <DiffPage /> },
          { path: 'audit', element: <AuditPage /> },
          { path: '*', element: <NotFoundPage /> },
        ],
      },
    ],
  },
]);

const signOut = () => queryClient.setQueryData(meQuery.queryKey, null);

export function App() {
  const me = useQuery(meQuery);
  useEffect(() => {
    setOnSignedOut(signOut);
    return onRecovered(() => void queryClient.invalidateQueries());
  }, []);
  if (me.data)
    return (
      <SessionProvider me={me.data}>
        <RouterProvider router={router} />
      </SessionProvider>
    );
  return (
    <>
      <ConnectionBanner />
      {me.data === null ? (
        <LoginPage />
      ) : me.isError ? (
        <main className="login">
          <h1>zkferry</h1>
          <ProblemView error={me.error} />
        </main>
      ) : null}
    </>
  );
}
