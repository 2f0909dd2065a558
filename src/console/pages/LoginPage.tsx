/** An API token becomes a session. */
import { Button, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { request, setCsrf } from '../api/client';
import { queryClient } from '../api/queries';
import type { Session } from '../api/types';
import { ProblemView } from '../parts/ProblemView';

export function LoginPage() {
  const [token, setToken] = useState('');
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
        <Button type="submit" size="sm" loading={login.isPending} disabled={token.trim() === ''}>
          Log in
        </Button>
      </form>
    </main>
  );
}
