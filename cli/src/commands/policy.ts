/**
 * `mandate policy`: policy packs, and the policies of a running PDP.
 *
 * @module
 */
import type { Command } from 'commander'
import {
  action,
  choice,
  type Describe,
  examples,
  repeated,
  withConnection,
  withJson,
  withPlaces,
} from '../command-line.ts'

const DIRS = `
DIR is the folder of a pack (model.fga, manifest.yaml, cases.yaml), or a folder with an fga.mod, which lists packs.
Without one: the packs that ship.`

export const describePolicy: Describe = (program, io, outcome) => {
  const policy = program.command('policy').description('write, check, test and compare policy packs; load them')

  for (const [group, name, example] of [
    [policy, 'new', 'policy new'],
    [program, 'init', 'init'],
  ] as const) {
    const make = withJson(newCommand(group, name))
    examples(make, `mandate ${example} lab`, `mandate ${example} packs/documents --shape relations`)
    action(make, io, outcome, async () => (await import('../policy/new.ts')).newPack)
  }

  const check = withJson(
    dirs(policy.command('check')).description('find every mistake, by file and line; needs no server'),
  )
  check.addHelpText('after', DIRS)
  examples(check, 'mandate policy check', 'mandate policy check ./lab')
  action(check, io, outcome, async () => (await import('../policy/check.ts')).checkPolicies)

  describeTest(policy, io, outcome)
  describeDiff(policy, io, outcome)
  describeVersions(policy, io, outcome)
}

const dirs = (command: Command): Command => command.argument('[dirs...]', 'folders of packs; default those that ship')

const newCommand = (group: Command, name: string): Command =>
  group
    .command(name)
    .description('write a new pack: a model, a manifest and passing cases, with comments')
    .argument('<name>', 'name of the domain, or the path of a new folder that ends in it')
    .addOption(choice('--shape <shape>', 'what decides: ownership and grants, or relations', ['grants', 'relations']))

const describeTest: Describe = (policy, io, outcome) => {
  const test = withJson(
    dirs(policy.command('test'))
      .description('play the cases, each on a PDP and a store of its own')
      .option('--case <text>', 'only cases whose name contains it')
      .addOption(
        choice('--engine <engine>', 'default embedded; openfga starts a real OpenFGA', ['embedded', 'openfga']),
      ),
  )
  test.addHelpText('after', DIRS)
  examples(test, 'mandate policy test ./lab', 'mandate policy test pdp/policies/nursing --case effort --engine openfga')
  action(test, io, outcome, async () => (await import('../policy/test.ts')).testPolicies)
}

const describeDiff: Describe = (policy, io, outcome) => {
  const diff = withPlaces(
    withJson(
      dirs(policy.command('diff'))
        .description('list the decisions of a log that a change of policy would turn')
        .option('--from <dir>', 'packs in force, to compare with; repeatable; default those that ship', repeated),
    ),
  )
  diff.addHelpText(
    'after',
    `${DIRS}

Every evaluation of the log is made again under both policies, with the clock at the entry's time, on one copy of the
store's facts as they are now. Name all packs that would be in force, not only the changed ones.

--dir needs no other server. With --openfga an OpenFGA of this machine evaluates, as in production.

Exit codes: 0 nothing turns; 1 some decisions turn; 2 nothing turns, but some entries could not be judged (INCOMPLETE).`,
  )
  examples(
    diff,
    'mandate policy diff --dir ./pdp-data ./candidate/travel ./candidate/nursing',
    'mandate policy diff --log ./log --openfga http://127.0.0.1:8080 --store mandate ./candidate/travel ./candidate/nursing',
  )
  action(diff, io, outcome, async () => (await import('../policy/diff.ts')).diffLog)
}

const describeVersions: Describe = (policy, io, outcome) => {
  const load = withConnection(
    policy.command('load').description('load the packs from their folders and put them in force (operators)'),
  )
  examples(load, 'mandate policy load')
  action(load, io, outcome, async () => (await import('../policy/versions.ts')).loadFolder)

  const rollback = withConnection(
    policy
      .command('rollback')
      .description('put a version in force that was loaded before (operators)')
      .argument('[version]', 'a version, or a part such as lab@0123456789ab; default the one before'),
  )
  examples(rollback, 'mandate policy rollback', 'mandate policy rollback lab@0123456789ab')
  action(rollback, io, outcome, async () => (await import('../policy/versions.ts')).rollBack)

  const list = withConnection(policy.command('list').description('list the versions that were loaded, newest first'))
  examples(list, 'mandate policy list')
  action(list, io, outcome, async () => (await import('../policy/versions.ts')).listVersions)
}
