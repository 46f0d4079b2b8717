/**
 * `mandate login`, `logout` and `whoami`.
 *
 * @module
 */
import { action, type Describe, examples, withConnection } from '../command-line.ts'

export const describeSignIn: Describe = (program, io, outcome) => {
  const login = withConnection(
    program
      .command('login')
      .description('sign in, and keep the session for further commands')
      .option('--device', 'sign in on another device, by a code')
      .option('--no-browser', 'print the address only')
      .option('--client <id>', 'the public client at the identity provider', 'mandate-cli'),
  )
  examples(
    login,
    'mandate login --pdp https://pdp.example --issuer https://id.example/realms/mandate',
    'mandate login --device',
    'mandate login --profile operator',
  )
  action(login, io, outcome, async () => (await import('../session/login.ts')).login)

  const logout = withConnection(
    program.command('logout').description('end the session, here and at the identity provider'),
  )
  examples(logout, 'mandate logout', 'mandate logout --profile operator')
  action(logout, io, outcome, async () => (await import('../session/logout.ts')).logout)

  const whoami = withConnection(
    program.command('whoami').description('who you are for the PDP: identifier, roles, personas'),
  )
  examples(whoami, 'mandate whoami', 'mandate whoami --json')
  action(whoami, io, outcome, async () => (await import('../session/whoami.ts')).whoami)
}
