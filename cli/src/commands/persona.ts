/**
 * `mandate persona`.
 *
 * @module
 */
import type { Command } from 'commander'
import { action, type Describe, examples, withConnection } from '../command-line.ts'

const load = () => import('../administer/personas.ts')
const WHICH = 'TITLE/CIRCLE, or its id for one of another person'

export const describePersona: Describe = (program, io, outcome) => {
  const persona = program
    .command('persona')
    .description('the roles that people act in: request, approve, suspend, list')

  const request = withConnection(
    persona
      .command('request')
      .description('take a persona; some titles wait for an administrator')
      .argument('<persona>', 'TITLE/CIRCLE, such as donor/ward-2')
      .option('--from <time>', 'valid from: 8d, 2026-12-24 or RFC 3339; default now')
      .option('--till <time>', 'valid until; default as the PDP is configured'),
  )
  examples(request, 'mandate persona request traveler/family', 'mandate persona request donor/ward-2 --till 90d')
  action(request, io, outcome, async () => (await load()).requestPersona)

  const changes = [
    ['approve', 'active', 'approve one that waits (persona administrators)'],
    ['suspend', 'suspended', 'suspend one: what is done in it is denied at once'],
    ['resume', 'active', 'end a suspension'],
    ['revoke', 'revoked', 'end one for good'],
  ] as const
  for (const [name, status, what] of changes) {
    const change: Command = withConnection(persona.command(name).description(what).argument('<persona>', WHICH))
    examples(change, `mandate persona ${name} donor/ward-2`, `mandate persona ${name} 01KC0000000000000000000000`)
    action(change, io, outcome, async () => (await load()).setPersona(status, name === 'approve'))
  }

  const list = withConnection(
    persona
      .command('list')
      .description('list your personas, or those that wait for approval')
      .option('--waiting', 'those that wait for a persona administrator'),
  )
  examples(list, 'mandate persona list', 'mandate persona list --waiting')
  action(list, io, outcome, async () => (await load()).listPersonas)

  const titles = withConnection(persona.command('titles').description('list the titles that each domain has'))
  examples(titles, 'mandate persona titles')
  action(titles, io, outcome, async () => (await load()).listTitles)
}
