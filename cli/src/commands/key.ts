/**
 * `mandate key`.
 *
 * @module
 */
import { action, type Describe, examples, withConnection } from '../command-line.ts'

const load = () => import('../administer/keys.ts')

export const describeKey: Describe = (program, io, outcome) => {
  const key = program.command('key').description('API keys, for callers without an identity provider (operators)')

  const create = withConnection(
    key
      .command('create')
      .description('create a key that may ask about some resource types; it is written to a private file')
      .argument('<name>', 'what the list of keys calls it')
      .requiredOption('--types <list>', 'resource types it may ask about, such as workflow,workflow_item')
      .requiredOption('--out <file>', 'the file that it is written to, which must not exist')
      .option('--for <time>', 'how long it is valid, at most 366 days', '90d'),
  )
  examples(create, 'mandate key create gateway --types workflow,workflow_item --out ./gateway.key --for 30d')
  action(create, io, outcome, async () => (await load()).createKey)

  const list = withConnection(key.command('list').description('list all keys, newest first'))
  examples(list, 'mandate key list')
  action(list, io, outcome, async () => (await load()).listKeys)

  const revoke = withConnection(
    key.command('revoke').description('revoke a key at once').argument('<id>', 'its id, of the list'),
  )
  examples(revoke, 'mandate key revoke 01KC0000000000000000000000')
  action(revoke, io, outcome, async () => (await load()).revokeKey)
}
