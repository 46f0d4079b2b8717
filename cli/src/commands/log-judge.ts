/**
 * `mandate log judge`.
 *
 * @module
 */
import { action, type Describe, examples, withJson, withPlaces } from '../command-line.ts'

const AFTER_HELP = `
Two questions about each of the newest evaluations of a log:
  - Does the permit agree with its own entry? Its grants must lead from the owner to who acted, and not have expired.
  - With facts: would the policy of DIRS (default the packs that ship) decide the same? Each is made again with the clock
    at the entry's time, on a copy of the facts as they are now, and its result and first reason are compared.
log verify checks that entries are complete and unchanged, and that no permit used a grant after its end.
policy diff compares two policies with each other in place of the log.

Exit codes: 0 all decisions hold; 1 some do not; 2 those that could be judged hold, some could not (INCOMPLETE).`

export const describeJudge: Describe = (log, io, outcome) => {
  const judge = withPlaces(
    withJson(
      log
        .command('judge')
        .description('list decisions that contradict their own entry, or that a policy decides otherwise now')
        .argument('[dirs...]', 'folders of packs, all that would be in force; default those that ship'),
    ),
  )
  judge.addHelpText('after', AFTER_HELP)
  examples(
    judge,
    'mandate log judge --dir ./pdp-data',
    'mandate log judge --log ./log',
    'mandate log judge --dir ./pdp-data ./candidate/travel ./candidate/nursing',
  )
  action(judge, io, outcome, async () => (await import('../log/judge.ts')).judgeLog)
}
