/**
 * `mandate grant`.
 *
 * @module
 */
import { type Command, Option } from 'commander'
import { action, type Describe, examples, repeated, withConnection } from '../command-line.ts'

const issue = () => import('../grant/issue.ts')
const read = () => import('../grant/read.ts')

/** The options that say what a grant gives. */
function withTerms(command: Command): Command {
  return withConnection(
    command
      .requiredOption('--to <party>', 'who receives it: agent:ID or user:SUB')
      .requiredOption('--actions <list>', 'what it lets them do, such as read,execute')
      .requiredOption('--on <scope>', 'TYPE:ID and what is below it, or all:DOMAIN')
      .option('--persona <persona>', 'the persona you give it in, TITLE/CIRCLE; default your only one of the domain')
      .option('--for <time>', 'how long: 8h, 7d; default seven days')
      .option('--until <time>', 'until when: 2026-12-24 or RFC 3339, in place of --for')
      .addOption(
        new Option('--at-most <limit>', 'ATTRIBUTE=VALUE, such as planned_price="500 EUR"; repeatable').argParser(
          repeated,
        ),
      )
      .addOption(
        new Option('--at-least <limit>', 'ATTRIBUTE=VALUE, such as starts_at=7d; repeatable').argParser(repeated),
      )
      .option('--redelegations <n>', 'how many times it may be passed on; default 0')
      .option('--unattended', 'an agent may use it without a person acting through it')
      .option('--delegate-persona <persona>', 'the persona they must act in: TITLE/CIRCLE, or TITLE for any circle')
      .option('--parent <id>', 'pass on this grant, which you received'),
  )
}

export const describeGrant: Describe = (program, io, outcome) => {
  const grant = program.command('grant').description('what you give, and what was given to you')

  const give = withTerms(grant.command('give').description('give authority to an agent or a person'))
  examples(
    give,
    'mandate grant give --to agent:booking-agent --actions execute --on workflow:w1 --for 8h',
    "mandate grant give --to agent:booking-agent --actions execute --on all:travel --at-most 'planned_price=500 EUR'",
    'mandate grant give --to user:9e3d7713 --actions read,execute --on workflow:w1 --redelegations 1',
  )
  action(give, io, outcome, async () => (await issue()).giveGrant)

  const preview = withTerms(grant.command('preview').description('show what a grant would allow, without giving it'))
  examples(preview, 'mandate grant preview --to agent:booking-agent --actions execute --on workflow:w1')
  action(preview, io, outcome, async () => (await issue()).previewGrant)

  describeReading(grant, io, outcome)
}

const describeReading: Describe = (grant, io, outcome) => {
  const list = withConnection(
    grant
      .command('list')
      .description('list the grants that you gave or received')
      .option('--from <party>', 'only those that this party gave; me for yours')
      .option('--to <party>', 'only those that this party received; me for yours')
      .option('--on <scope>', 'only those with exactly this scope')
      .option('--ended', 'also those that have ended')
      .option('--limit <n>', 'how many, newest first', '50'),
  )
  examples(list, 'mandate grant list', 'mandate grant list --from me --to agent:booking-agent --ended')
  action(list, io, outcome, async () => (await read()).listGrants)

  const show = withConnection(
    grant.command('show').description('show a grant in full, with its chain').argument('<id>', 'its id'),
  )
  examples(show, 'mandate grant show 01KC0000000000000000000000')
  action(show, io, outcome, async () => (await read()).showGrant)

  const revoke = withConnection(
    grant
      .command('revoke')
      .description('end grants at once, and what was passed on from them')
      .argument('<ids...>', 'their ids')
      .option('--reason <text>', 'shown to the parties of the grant'),
  )
  examples(revoke, "mandate grant revoke 01KC0000000000000000000000 --reason 'the trip is off'")
  action(revoke, io, outcome, async () => (await read()).revokeGrants)
}
