/**
 * `mandate resource`.
 *
 * @module
 */
import { action, type Describe, examples, withServiceConnection } from '../command-line.ts'

const load = () => import('../resource/resources.ts')

export const describeResource: Describe = (program, io, outcome) => {
  const resource = program
    .command('resource')
    .description("a service's resources: who owns what (by the service's own token)")

  const register = withServiceConnection(
    resource
      .command('register')
      .description('register a resource: a topmost one with its owner, any other below its parent')
      .argument('<resource>', 'TYPE:ID')
      .option('--owner <party>', 'who owns it: user:SUB')
      .option('--persona <persona>', 'the persona of the owner that it belongs to, TITLE/CIRCLE')
      .option('--parent <resource>', 'the resource that it is below, TYPE:ID'),
  )
  examples(
    register,
    'mandate resource register lab_order:o1 --owner user:9e3d7713 --persona clinician/ward-2 --client-id lab --client-secret-file ./lab.secret',
    'mandate resource register lab_sample:vial --parent lab_order:o1',
  )
  action(register, io, outcome, async () => (await load()).registerResource)

  const show = withServiceConnection(
    resource.command('show').description("show a resource's owner and parent").argument('<resource>', 'TYPE:ID'),
  )
  examples(show, 'mandate resource show lab_sample:vial')
  action(show, io, outcome, async () => (await load()).showResource)

  const transfer = withServiceConnection(
    resource
      .command('transfer')
      .description('give a topmost resource another owner; every grant on it ends')
      .argument('<resource>', 'TYPE:ID')
      .requiredOption('--to <party>', 'the new owner: user:SUB')
      .option('--persona <persona>', 'the persona of the new owner, TITLE/CIRCLE'),
  )
  examples(transfer, 'mandate resource transfer lab_order:o1 --to user:77aa12 --persona clinician/ward-3')
  action(transfer, io, outcome, async () => (await load()).transferResource)
}
