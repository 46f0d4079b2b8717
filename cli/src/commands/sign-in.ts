/**
 * `mandate login`, `logout` and `whoami`.
 *
 * @module
 */
import { Option } from 'commander'
import { action, type Describe, examples, repeated, withConnection } from '../command-line.ts'

export const describeSignIn: Describe = (program, io, outcome) => {
  const login = withConnection(
    program
      .command('login')
      .description('sign in, and keep the session for further commands')
      .option('--device', 'sign in on another device, by a code')
      .option('--no-browser', 'print the address only')
      .addOption(
        new Option('--scope <name>', 'also for this service, of which token gives tokens; repeatable').argParser(
          repeated,
        ),
      )
      .option('--name <name>', 'your own name for this sign-in, which whoami shows; it stays on this machine')
      .option('--client <id>', 'the public client at the identity provider', 'mandate-cli'),
  )
  examples(
    login,
    'mandate login --pdp https://pdp.example --issuer https://id.example/realms/mandate',
    'mandate login --device',
    'mandate login --profile operator --name "Olga, on call"',
    'mandate login --scope lab',
  )
  action(login, io, outcome, async () => (await import('../session/login.ts')).login)

  const logout = withConnection(
    program.command('logout').description('end the session, here and at the identity provider'),
  )
  examples(logout, 'mandate logout', 'mandate logout --profile operator')
  action(logout, io, outcome, async () => (await import('../session/logout.ts')).logout)

  describeIdentity(program, io, outcome)
}

const describeIdentity: Describe = (program, io, outcome) => {
  const token = withConnection(
    program
      .command('token')
      .description('write an access token for a service to a private file, for other programs; never printed')
      .argument('<audience>', 'the service, as in login --scope; pdp for the PDP itself')
      .requiredOption('--out <file>', 'the file that it is written to; replaced when it exists')
      .option('--header', 'write a header line, for curl -H @FILE'),
  )
  examples(token, 'mandate token lab --out ./lab.header --header', 'mandate token pdp --out ./token')
  action(token, io, outcome, async () => (await import('../session/token.ts')).writeToken)

  const whoami = withConnection(
    program.command('whoami').description('who you are for the PDP: identifier, name, sign-in, roles, personas'),
  )
  examples(whoami, 'mandate whoami', 'mandate whoami --json')
  action(whoami, io, outcome, async () => (await import('../session/whoami.ts')).whoami)
}
