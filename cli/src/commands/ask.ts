/**
 * `mandate ask` and `explain`.
 *
 * @module
 */
import { Option } from 'commander'
import { action, type Describe, examples, repeated, withConnection, withServiceConnection } from '../command-line.ts'

const attributes = (flags: string, what: string): Option =>
  new Option(flags, `${what}, NAME=VALUE; repeatable`).argParser(repeated)

export const describeAsk: Describe = (program, io, outcome) => {
  const ask = withServiceConnection(
    program
      .command('ask')
      .description('ask whether an action is permitted, and why; exit 0 permitted, 1 denied')
      .argument(
        '[question...]',
        '[AGENT for ]WHO[ as TITLE/CIRCLE] ACTION TYPE:ID; WHO is me, the sub of a person, or agent:ID',
      )
      .option('--subject <party>', 'in place of WHO: whose authority is used')
      .option('--actor <agent>', 'in place of AGENT: who acts for the subject')
      .option('--persona <persona>', 'the persona the subject acts in, TITLE/CIRCLE')
      .option('--action <name>', 'in place of ACTION')
      .option('--resource <resource>', 'in place of TYPE:ID; of an account also TYPE:me')
      .addOption(attributes('--with <attribute>', 'an attribute of the resource, as the service would send it'))
      .addOption(attributes('--with-subject <attribute>', 'an attribute of the subject'))
      .addOption(attributes('--with-action <attribute>', 'an attribute of the action'))
      .option(
        '--as-of-policy <version>',
        'also by a version that was loaded before (mandate policy list), with the present facts; auditors and operators',
      ),
  )
  examples(
    ask,
    "mandate ask 'me read workflow:w1'",
    "mandate ask 'courier for dora release lab_sample:vial' --with volume=8",
    "mandate ask 'booking-agent for me as traveler/family execute workflow_item:i1' --with 'planned_price=420 EUR'",
    "mandate ask 'user:9e3d7713 as traveler/family read workflow:w1' --as-of-policy travel@66342e15dc78",
    'mandate ask --subject user:9e3d7713 --action read --resource workflow:w1 --json',
  )
  action(ask, io, outcome, async () => (await import('../ask/ask.ts')).ask)

  const explain = withConnection(
    program
      .command('explain')
      .description('explain a decision of the log in words')
      .argument('<id>', 'its id, as ask prints it, and evaluation_id of a refusal by a service'),
  )
  examples(explain, 'mandate explain 01KC0000000000000000000000')
  action(explain, io, outcome, async () => (await import('../ask/explain.ts')).explain)
}
