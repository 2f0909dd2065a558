/** An API token becomes a session, or the identity provider is asked, where there is one. */
import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { apiUrl, request, setCsrf } from '../api/client';
import { providersQuery, queryClient } from '../api/queries';
import type { Session } from '../api/types';
import { keepPlace } from '../app/placeBefore';
import { ProblemView } from '../parts/ProblemView';

export function LoginPage() {
  const [token, setToken] = useState('');
  // Where it can't be told whether there is one, a token still lets in.
  const providers = useQuery(providersQuery).data?.items ?? [];
  useEffect(() => {
    document.title = 'Log in · zkferry';
  }, []);
  const login = useMutation({
    mutationFn: () => request<Session>('POST', '/session', { body: { token: token.trim() } }),
    onSuccess: async ({ csrf }) => {
      setCsrf(csrf);
      setToken('');
      // Nothing of whoever was here before.
      await queryClient.resetQueries();
    },
  });
  return (
    <main className="login">
      <h1>zkferry</h1>
      {providers.map(({ name }) => (
        <Button
          key={name}
          component="a"
          href={apiUrl('/session/oidc')}
          size="sm"
          fullWidth
          onClick={keepPlace}
        >
          Log in with {name}
        </Button>
      ))}
      {providers.length > 0 && <p className="login-or">or</p>}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <PasswordInput
          label="API token"
          description="As your administrator gave it to you. It is not kept in this browser."
          autoComplete="current-password"
          name="token"
          required
          autoFocus
          value={token}
          onChange={({ currentTarget }) => setToken(currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
        />
        <ProblemView error={login.error} />
        <Button
          type="submit"
          size="sm"
          variant={providers.length > 0 ? 'default' : 'filled'}
          loading={login.isPending}
          disabled={token.trim() === ''}
        >
          Log in
        </Button>
      </form>
    </main>
  );
}
