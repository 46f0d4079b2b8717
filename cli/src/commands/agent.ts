/**
 * `mandate agent`.
 *
 * @module
 */
import { action, type Describe, examples, withConnection } from '../command-line.ts'

const load = () => import('../administer/agents.ts')

export const describeAgent: Describe = (program, io, outcome) => {
  const agent = program.command('agent').description('register, suspend and list agents (operators)')

  const add = withConnection(
    agent
      .command('add')
      .description('register an agent; it can be used at once')
      .argument('<id>', 'its client id at the identity provider')
      .option('--service-sub <sub>', 'the sub of its service account; default that of its first own token'),
  )
  examples(add, 'mandate agent add booking-agent')
  action(add, io, outcome, async () => (await load()).addAgent)

  const suspend = withConnection(
    agent
      .command('suspend')
      .description('suspend an agent: everything is denied to it at once')
      .argument('[id]', 'its id')
      .option('--all', 'every agent that is active'),
  )
  examples(suspend, 'mandate agent suspend booking-agent', 'mandate agent suspend --all')
  action(suspend, io, outcome, async () => (await load()).suspendAgents)

  const resume = withConnection(agent.command('resume').description('end a suspension').argument('<id>', 'its id'))
  examples(resume, 'mandate agent resume booking-agent')
  action(resume, io, outcome, async () => (await load()).resumeAgent)

  const list = withConnection(agent.command('list').description('list all agents'))
  examples(list, 'mandate agent list', 'mandate agent list --json')
  action(list, io, outcome, async () => (await load()).listAgents)
}
