/**
 * Facts that `npm run chaos` changes in addition to those of the new-enemy test: a grant that people use through a service, and one that expires.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'
import { History } from '../new-enemy/history.ts'
import { type Making, must, type Operation, Route, toggled, withdrawing } from '../new-enemy/slots.ts'
import type { ChaosStage, StagedService } from './stage.ts'

/** A trip that its owner made in the service, read by a delegate through the service's PEP. */
export const servedTrip =
  ({ trips }: ChaosStage): Making =>
  async (world) => {
    await world.begin((name) => name === 'B')
    const id = await makeTrip(trips, world)
    const give = { from: 'A', to: 'B', name: 'ab', on: `workflow:${id}`, actions: ['read'] } as const
    await must(world.grant(give))
    const send = (value: boolean) => (value ? world.grant(give) : world.revoke('ab', 'A'))
    const read = async (): Promise<Answer> => {
      const answer = await trips.call('GET', `/workflows/${id}`, { as: world.as('B'), persona: 'travel-agent/acme' })
      if (answer.status !== 200 && answer.status !== 403) return { ...answer, status: 503 }
      const reasons = answer.status === 200 ? [] : [{ code: answer.body?.code }]
      return { ...answer, status: 200, body: { decision: answer.status === 200, context: { reasons } } }
    }
    return toggled('served trip', send, read, { settling: withdrawing(world, 'B') })
  }

/**
 * Makes a trip of A in the service, tried again while it is refused: a busy machine may be late, and without the read barrier a PDP
 * does not see at once what another stored. @returns Its id.
 */
async function makeTrip({ call }: StagedService, world: World): Promise<string> {
  const body = { template: 'milan' }
  for (let left = TRIES; ; left -= 1) {
    const made = await call('POST', '/workflows', { as: world.as('A'), persona: 'traveler/family', body })
    if (made.status < 300 || left === 0) return (await must(Promise.resolve(made))).body.id
    await delay(TRY_AGAIN_MS)
  }
}

const TRIES = 60
const TRY_AGAIN_MS = 500

/** Shortest lifetime of a grant and some seconds for its request, in seconds. */
const LIFETIME = 65
/** How far a clock that a PDP decides by may be from the right one: `docs/consistency.md`. */
const APART_MS = 1_000

/** A grant that ends by its own date. @param ending - Ends the wait for that date. */
export const expiring =
  (ending: AbortSignal): Making =>
  async (world) => {
    await world.begin((name) => name === 'B')
    let expires = 0
    const history = new History(false)
    const give: Operation = {
      name: 'short grant',
      value: true,
      send: () => {
        expires = Date.now() + LIFETIME * 1_000
        return world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['execute'], seconds: LIFETIME })
      },
    }
    const expire: Operation = {
      name: 'expiry awaited',
      value: false,
      send: async () => {
        await delay(expires + APART_MS - Date.now(), undefined, { signal: ending }).catch(() => undefined)
        return { status: ending.aborted ? 503 : 200, headers: new Headers(), body: undefined, text: '' }
      },
    }
    return {
      name: 'short grant',
      current: () => history,
      next: () => (history.changes.at(-1)?.value === true ? expire : give),
      settling: withdrawing(world, 'B'),
      question: () => ({ history, ask: () => world.ask({ subject: 'B', action: 'execute', item: 'flight' }, TRIPS) }),
    }
  }

/** A world whose facts never change: what is asked to see whether a part has recovered. */
export async function steadyWorld(stage: ChaosStage): Promise<{ readonly world: World; readonly trip: string }> {
  const world = new World({ call: new Route(stage).call, now: Date.now, advance: () => undefined })
  await world.begin(() => false)
  return { world, trip: await makeTrip(stage.trips, world) }
}

/** A person's persona, to be changed through one PDP. */
export async function steadyPersona(
  stage: ChaosStage,
  index: number,
): Promise<{ readonly path: string; readonly as: TokenClaims }> {
  const route = new Route(stage)
  route.index = index
  const world = new World({ call: route.call, now: Date.now, advance: () => undefined })
  return { path: `/v1/personas/${await world.persona('A', 'traveler/family')}`, as: world.as('A') }
}
