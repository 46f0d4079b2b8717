/**
 * Plays the steps of a world on the reference and on the real PDP, side by side, and finds the first on which they do not agree.
 *
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { type Answer, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, World } from '../fixtures/world.ts'
import { administer, settingsOf } from '../reference/administer.ts'
import type { Command, Outcome, PersonaChange } from '../reference/command.ts'
import { decide } from '../reference/decide.ts'
import type { Facts, Verdict } from '../reference/facts.ts'
import { beginning, isAsk, questionOf, type Step } from './steps.ts'

/** What the PDP answered, with the cases' names of grants. */
export type Told = Omit<Verdict, 'reasons'> & { readonly reasons: readonly string[] }

/** What was decided, or what came of a command. */
export type Said = { readonly verdict: Told } | { readonly outcome: Outcome }

export interface Disagreement {
  /** Of the step. */
  readonly index: number
  readonly reference: Said
  readonly pdp: Said
  readonly facts: Facts
}

export interface Played {
  readonly world: World
  readonly facts: Facts
  /** How often each code was answered: reasons, and what came of commands. */
  readonly tally: ReadonlyMap<string, number>
  readonly disagreement?: Disagreement
}

type Server = Pick<TestPdp, 'advance' | 'call' | 'now'>

/** How many questions one batch carries. */
const BATCH = 100
/** Well-formed, and nobody's. */
const NOBODYS = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

/** Plays all of it in a new world, up to the first disagreement. */
export async function play(server: Server, steps: readonly Step[]): Promise<Played> {
  const world = new World(server)
  await world.begin()
  return playOn({ world, facts: beginning(server.now()) }, steps)
}

/** Goes on in a world, from its present state. */
export async function playOn(
  { world, ...before }: Pick<Played, 'world' | 'facts'>,
  steps: readonly Step[],
): Promise<Played> {
  let { facts } = before
  const tally = new Map<string, number>()
  const count = (code: string): unknown => tally.set(code, (tally.get(code) ?? 0) + 1)
  for (let index = 0; index < steps.length; ) {
    const asks = asksFrom(steps, index)
    const step = steps[index]
    if (asks.length > 0) {
      const disagreement = await askAll(world, facts, asks, index, count)
      if (disagreement) return { world, facts, tally, disagreement }
      index += asks.length
      continue
    }
    if (!step || isAsk(step)) break
    const { facts: after, outcome } = administer(facts, step)
    const got = await perform(world, step)
    if (!agrees(outcome, got))
      return { world, facts, tally, disagreement: { index, reference: { outcome }, pdp: { outcome: got }, facts } }
    count(outcome.code)
    facts = after
    index += 1
  }
  return { world, facts, tally }
}

/** Consecutive questions, as many as one batch carries. */
function asksFrom(steps: readonly Step[], start: number): readonly Ask[] {
  const asks: Ask[] = []
  for (const step of steps.slice(start, start + BATCH)) {
    if (!isAsk(step)) break
    asks.push(step.ask)
  }
  return asks
}

async function askAll(
  world: World,
  facts: Facts,
  asks: readonly Ask[],
  start: number,
  count: (code: string) => unknown,
): Promise<Disagreement | undefined> {
  const answers = await answersTo(world, asks)
  for (const [offset, ask] of asks.entries()) {
    const verdict = decide(facts, questionOf(facts, ask))
    const answer = answers[offset]
    for (const code of verdict.reasons) count(code)
    if (verdict.permit) count(`chain of ${verdict.chain.length}`)
    if (!isDeepStrictEqual(verdict, answer))
      return { index: start + offset, reference: { verdict }, pdp: { verdict: answer ?? NO_ANSWER }, facts }
  }
  return undefined
}

const NO_ANSWER: Told = { permit: false, reasons: ['no answer'], chain: [] }

/** Asks in one batch, with reasons; another PDP than the world's own when one is named. */
export async function answersTo(
  world: World,
  asks: readonly Ask[],
  server: Pick<TestPdp, 'call'> = world.tpdp,
): Promise<readonly Told[]> {
  if (asks.length === 0) return []
  const evaluations = asks.map((ask) => world.question(ask))
  const body = { evaluations, options: { reasons: true } }
  const answer = await server.call('POST', '/access/v1/evaluations', { as: TRIPS, body })
  if (answer.status !== 200) throw new Error(`a batch was refused: ${answer.status} ${answer.text}`)
  const names = new Map([...world.named].map(([name, id]) => [id, name]))
  return answer.body.evaluations.map(({ decision, context }: Answer['body']) => ({
    permit: decision,
    reasons: context.error ? [context.error.message] : context.reasons.map(({ code }: Answer['body']) => code),
    chain: (context.chain ?? []).map(({ grant }: Answer['body']) => names.get(grant) ?? grant),
  }))
}

/** The codes agree, and the field that is named is one that is wrong. */
function agrees(expected: Outcome, got: Outcome): boolean {
  if (expected.code !== got.code) return false
  if (!('fields' in expected) || !expected.fields) return true
  return 'field' in got && got.field !== undefined && expected.fields.includes(got.field)
}

/** Does it over HTTP, as the people of the cases do. */
async function perform(world: World, command: Command): Promise<Outcome> {
  if ('advance' in command) {
    world.tpdp.advance(command.advance.seconds * 1000)
    return { code: 'done' }
  }
  if ('trip' in command) {
    const { name, owner, persona } = command.trip
    await world.trip(name, owner, persona)
    return { code: 'done' }
  }
  const { status, body } = await request(world, command)
  return status < 300 ? { code: 'done' } : { code: body?.code ?? `status ${status}`, field: body?.field }
}

function request(world: World, command: Exclude<Command, { advance: unknown } | { trip: unknown }>): Promise<Answer> {
  if ('take' in command) return world.take(command.take.who, command.take.persona)
  if ('transfer' in command) {
    const { trip, to, persona } = command.transfer
    return world.transfer(trip, to, persona)
  }
  if ('persona' in command) return changePersona(world, command.persona)
  if ('autonomy' in command) {
    const { of, name, settings } = command.autonomy
    return world.patchPersona(of, name, { autonomy: settings === 'none' ? null : settingsOf(settings) })
  }
  if ('agent' in command) {
    const { name, status } = command.agent
    return world.call('PATCH', `/v1/agents/${world.id(name)}`, world.staff('operator'), { status })
  }
  if ('revoke' in command) return world.revoke(command.revoke.grant, command.revoke.by)
  const { parent, ...grant } = command.grant
  return world.grant({ ...grant, ...(parent ? { parent: world.named.has(parent) ? parent : NOBODYS } : {}) })
}

function changePersona(world: World, { of, name, status, ...dates }: PersonaChange): Promise<Answer> {
  const at = (days: number): string => new Date(world.tpdp.now() + days * 86_400_000).toISOString()
  const patch = {
    ...(status ? { status } : {}),
    ...(dates.valid_from === undefined ? {} : { valid_from: at(dates.valid_from) }),
    ...(dates.valid_till === undefined ? {} : { valid_till: at(dates.valid_till) }),
  }
  const own = status === undefined || status === 'inactive' || status === 'revoked'
  return world.patchPersona(of, name, patch, own ? world.as(of) : world.staff('persona-admin'))
}
