/**
 * How long the parts take to answer after the faults have ended.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, TRIPS } from '../fixtures/pdp.ts'
import { AUTONOMY } from '../fixtures/world.ts'
import { steadyPersona, steadyWorld } from './slots.ts'
import type { ChaosStage } from './stage.ts'

export interface Recovery {
  /** What answered again: `pdp-0 decides`. */
  readonly part: string
  readonly ms: number
  /** Kinds of the faults before. */
  readonly after: readonly string[]
}

export interface Probe {
  readonly part: string
  /** Whether the part answers as it does without faults. */
  answers(): Promise<boolean>
}

/** After this time another attempt is made beside the first. Longer than what a PDP waits for OpenFGA: attempts must not pile up. */
const ATTEMPT_MS = 2_500
const PAUSE_MS = 25
/** After this time a part counts as never recovered, in milliseconds. */
const MOST_MS = 60_000

/** Probes of every PDP, deciding and changing, and of the service. */
export async function makeProbes(stage: ChaosStage): Promise<readonly Probe[]> {
  const { trips } = stage
  const isOk = ({ status }: Answer): boolean => status === 200
  const { world, trip } = await steadyWorld(stage)
  const question = world.question({ subject: 'A', action: 'execute', item: 'flight' })
  const ofPdps = stage.pdps.map(async ({ call }, index) => {
    // A person for each: changes of one persona run one after another, on whichever PDP.
    const own = await steadyPersona(stage, index)
    return [
      {
        part: `pdp-${index} decides`,
        answers: () =>
          call('POST', '/access/v1/evaluation', { as: TRIPS, body: question }).then(
            ({ body }) => body?.decision === true,
          ),
      },
      {
        part: `pdp-${index} changes`,
        answers: () => call('PATCH', own.path, { as: own.as, body: { autonomy: AUTONOMY } }).then(isOk),
      },
    ]
  })
  const reads = () =>
    trips.call('GET', `/workflows/${trip}`, { as: world.as('A'), persona: 'traveler/family' }).then(isOk)
  return [...(await Promise.all(ofPdps)).flat(), { part: 'trips answers', answers: reads }]
}

/** Asks every part until it answers. */
export function measureRecovery(probes: readonly Probe[], after: readonly string[]): Promise<readonly Recovery[]> {
  const from = performance.now()
  return Promise.all(
    probes.map(async ({ part, answers }) => {
      for (;;) {
        const isThere = await Promise.race([answers().catch(() => false), delay(ATTEMPT_MS, false)])
        const ms = Math.round(performance.now() - from)
        if (isThere || ms > MOST_MS) return { part, ms, after }
        await delay(PAUSE_MS)
      }
    }),
  )
}
