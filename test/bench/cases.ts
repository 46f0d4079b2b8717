/**
 * What is timed: each question to the PDP, the calls to OpenFGA that it leads to, and OpenFGA's own simplest questions.
 *
 * @module
 */
import type { Pool } from 'undici'
import { objectName } from '../../pdp/src/ports/stored-names.ts'
import { type Json, send } from './client.ts'
import { type Star, VISIBLE_DEED } from './crowd.ts'
import type { Case } from './measure.ts'
import type { Waves } from './recorder.ts'
import type { Asked } from './story.ts'

/** Names of the cases that are OpenFGA's alone. */
export const CHECK = 'Check'
export const LINK = 'Check of a link'
export const LIST = 'ListObjects'

/** An address, and who asks there. */
export interface Endpoint {
  readonly pool: Pool
  readonly token: string
}

/** A question, and what it makes the PDP ask. */
export interface Recorded {
  readonly asked: Asked
  readonly waves: Waves
}

export const askPdp = async ({ pool, token }: Endpoint, { name, path, body, isRight }: Asked): Promise<void> => {
  const answer = await send(pool, path, token, body)
  if (!isRight(answer)) throw new Error(`bench: ${name}: ${JSON.stringify(answer).slice(0, 500)}`)
}

/** Each question to both, side by side. */
export function pairs(pdp: Endpoint, openFga: Endpoint, recorded: readonly Recorded[]): readonly Case[] {
  return recorded.flatMap(({ asked, waves }): readonly Case[] => {
    const common = { name: asked.name, calls: waves.flat().length }
    return [
      { ...common, system: 'mandate', once: () => askPdp(pdp, asked) },
      { ...common, system: 'openfga', once: () => replay(openFga, waves) },
    ]
  })
}

async function replay({ pool, token }: Endpoint, waves: Waves): Promise<void> {
  for (const wave of waves) await Promise.all(wave.map(({ path, body }) => send(pool, path, token, body)))
}

interface Check {
  readonly tuple_key: { readonly user: string; readonly relation: string; readonly object: string }
  readonly context?: Readonly<Record<string, unknown>>
}

/** One Check of a tuple without more, one of a grant's edge with its condition, and one ListObjects of all that the owner sees. */
export function bareCases(
  endpoint: Endpoint,
  recorded: readonly Recorded[],
  star: Star,
  visible: number,
): readonly Case[] {
  const { store, model, checks } = readBatches(recorded)
  const common = { authorization_model_id: model, consistency: 'HIGHER_CONSISTENCY' }
  const check = (name: string, relation: string): Case => {
    const item = checks.find(({ tuple_key }) => tuple_key.relation === relation)
    if (!item) throw new Error(`bench: no question about ${relation}`)
    const body = JSON.stringify({ ...common, tuple_key: item.tuple_key, context: item.context })
    return bare(name, endpoint, `${store}/check`, body, ({ allowed }) => allowed === true)
  }
  const list = JSON.stringify({
    ...common,
    type: 'workflow',
    relation: 'owner',
    user: objectName(star.party),
    context: { deed: VISIBLE_DEED, persona: star.persona },
  })
  const isAll = ({ objects }: Json): boolean => Array.isArray(objects) && objects.length === visible
  return [check(CHECK, 'active'), check(LINK, 'root'), bare(LIST, endpoint, `${store}/list-objects`, list, isAll)]
}

function bare(name: string, endpoint: Endpoint, path: string, body: string, isRight: (answer: Json) => boolean): Case {
  const once = async (): Promise<void> => {
    const answer = await send(endpoint.pool, path, endpoint.token, body)
    if (!isRight(answer)) throw new Error(`bench: ${name}: ${JSON.stringify(answer).slice(0, 500)}`)
  }
  return { name, system: 'openfga', once, calls: 1 }
}

/** Where the PDP asked, under which model, and every item of its BatchChecks. */
function readBatches(recorded: readonly Recorded[]) {
  const calls = recorded.flatMap(({ waves }) => waves.flat()).filter(({ path }) => path.endsWith('/batch-check'))
  const bodies = calls.map(({ body }) => JSON.parse(body) as { authorization_model_id: string; checks: Check[] })
  return {
    store: calls[0]?.path.replace(/\/batch-check$/, '') ?? '',
    model: bodies[0]?.authorization_model_id ?? '',
    checks: bodies.flatMap(({ checks }) => checks),
  }
}
