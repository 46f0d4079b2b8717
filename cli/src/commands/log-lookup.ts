/**
 * `mandate log lookup`.
 *
 * @module
 */
import { action, type Describe, examples, withConnection } from '../command-line.ts'

const load = () => import('../log/lookups.ts')
const PERSON = 'the person, user:SUB, as the identity provider names them in tokens; it is not stored'

const AFTER_HELP = `
The log knows people by pseudonym. To find a person's entries, one auditor requests a look-up for a case, another one
approves it by naming the same person, and the first one reads the pseudonym, all within 24 hours. Each step is in the
log, with the case number.

The PDP does not know login names, only the sub in a person's tokens. Keycloak's console shows it for a login: Clients,
console, Client scopes, Evaluate, the user, Generated access token. It is not the ID of the user.`

export const describeLookup: Describe = (log, io, outcome) => {
  const lookup = log
    .command('lookup')
    .description('find the pseudonym of a person in the log, for a case, with the approval of a second auditor')
    .addHelpText('after', AFTER_HELP)

  const request = withConnection(
    lookup
      .command('request')
      .description('request the pseudonym of a person for a case')
      .argument('<person>', PERSON)
      .requiredOption('--case <number>', 'number of the case: up to 24 letters, digits and ._/-; it is in the log'),
  )
  examples(request, 'mandate log lookup request user:9e3d7713 --case C-2026/17')
  action(request, io, outcome, async () => (await load()).requestLookup)

  const approve = withConnection(
    lookup
      .command('approve')
      .description("approve another auditor's request by naming the same person")
      .argument('<id>', 'the id of the look-up')
      .argument('<person>', PERSON),
  )
  examples(approve, 'mandate log lookup approve 01KC0000000000000000000000 user:9e3d7713')
  action(approve, io, outcome, async () => (await load()).approveLookup)

  const show = withConnection(
    lookup
      .command('show')
      .description('show the pseudonym of an approved look-up that you requested; this is an entry of the log')
      .argument('<id>', 'the id of the look-up'),
  )
  examples(show, 'mandate log lookup show 01KC0000000000000000000000')
  action(show, io, outcome, async () => (await load()).showLookup)

  const list = withConnection(lookup.command('list').description('list the look-ups of the last 24 hours'))
  examples(list, 'mandate log lookup list', 'mandate log lookup list --json')
  action(list, io, outcome, async () => (await load()).listLookups)
}
