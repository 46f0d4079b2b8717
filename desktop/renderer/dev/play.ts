/**
 * Fake main process for screenshots and tests: answers from data in memory, validated by the channel's schemas. Not part of the product.
 *
 * @module
 */
import type { z } from 'zod'
import {
  type Bridge,
  type CallResult,
  type CheckedInput,
  callResultSchema,
  EVENTS,
  type EventName,
  type Input,
  OPERATIONS,
  type OperationName,
  type Output,
} from '../../src/shared/channel.ts'
import type { ProblemView, SessionView } from '../../src/shared/views.ts'
import { endOf, entriesOf, forged, PSEUDONYM, pageOf, proofOf, replayed } from './play-activity.ts'
import { Grants } from './play-grants.ts'
import { Contacts } from './play-people.ts'
import { erased, Personas } from './play-settings.ts'
import { goingOn, Trips } from './play-trips.ts'
import { carlo, domains, dora, grants, inDays, labelsOf, setup, templates, toYannick, trips, yannick } from './world.ts'

/** Scenes: who is signed in, and which errors occur. */
export const SCENES = [
  'carlo',
  'yannick',
  'dora',
  'empty',
  'loading',
  'failing',
  'offline',
  'refusing',
  'signed-out',
  'ended',
  'forgotten',
  'signing-in',
  'timed-out',
  'refused',
  'keystore',
  'busy',
  'forged',
] as const
export type Scene = (typeof SCENES)[number]

export function sceneOf(name: string | null): Scene {
  return SCENES.find((scene) => scene === name) ?? 'carlo'
}

class Refusal extends Error {
  readonly problem: ProblemView
  constructor(problem: ProblemView) {
    super(problem.title)
    this.problem = problem
  }
}

type Handlers = { readonly [N in OperationName]?: (input: CheckedInput<N>) => Output<N> | Promise<Output<N>> }
type Say = <N extends EventName>(name: N, event: z.input<(typeof EVENTS)[N]>) => void

const STEP_MS = 700
const MANY = 10_000
const never = (): Promise<never> => new Promise(() => undefined)
const refuse = (code: string, title: string, more: Partial<ProblemView> = {}): never => {
  throw new Refusal({ code, title, ...more })
}

export function play(scene: Scene): Bridge {
  const listeners = new Map<EventName, Set<(event: unknown) => void>>()
  const say: Say = (name, event) => {
    const checked: unknown = EVENTS[name].parse(event)
    for (const listener of listeners.get(name) ?? []) listener(checked)
  }
  const handlers = handlersOf(scene, say)
  return {
    call: async <N extends OperationName>(name: N, input?: Input<N>): Promise<CallResult<N>> => {
      const checked = OPERATIONS[name].input.parse(input) as CheckedInput<N>
      const answer = await answered(scene, name, () => handlers[name]?.(checked) ?? played(name))
      return callResultSchema(name).parse(answer) as CallResult<N>
    },
    on: (name, listener) => {
      const all = listeners.get(name) ?? new Set()
      listeners.set(name, all)
      all.add(listener as (event: unknown) => void)
      return () => void all.delete(listener as (event: unknown) => void)
    },
  }
}

/** Operations without a result need no handler. */
function played(name: OperationName): unknown {
  if (OPERATIONS[name].output.safeParse(undefined).success) return undefined
  return refuse('not_played', `Nobody plays ${name} yet.`)
}

const LISTS = /\.(list|templates|read)$/u

async function answered(scene: Scene, name: OperationName, work: () => unknown): Promise<unknown> {
  const isList = LISTS.test(name) && !name.startsWith('session.')
  if (isList && scene === 'loading') return never()
  if (isList && scene === 'failing') {
    return { ok: false, problem: { code: 'relations_unavailable', title: FAILING, retryAfter: 5 } }
  }
  try {
    const value = await work()
    return scene === 'offline' && isList ? { ok: true, value, stale: inDays(-0.1) } : { ok: true, value }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, problem: error.problem }
    throw error
  }
}

const FAILING = 'The relationship store does not answer. Nothing was permitted.'

function handlersOf(scene: Scene, say: Say): Handlers {
  const me = scene === 'yannick' ? yannick : scene === 'dora' ? dora : carlo
  return { ...sessionOf(scene, me), ...worldOf(scene, me, say) }
}

function sessionOf(scene: Scene, me: SessionView): Handlers {
  const session = (): SessionView => {
    if (scene === 'signed-out' || scene === 'timed-out' || scene === 'refused' || scene === 'keystore')
      return { state: 'signed_out' }
    if (scene === 'ended' || scene === 'forgotten') return { state: 'signed_out', why: scene }
    if (scene === 'signing-in') return { state: 'signing_in' }
    return scene === 'offline' && me.state === 'signed_in' ? { ...me, online: false } : me
  }
  return {
    'app.setup': () => setup,
    'session.read': session,
    'session.signIn': (input) => {
      if (scene === 'timed-out') return refuse('timed_out', 'Nobody came back from the browser.')
      if (scene === 'refused') return refuse('refused', 'The identity provider refused.')
      if (scene === 'keystore' && !input?.memory) return refuse('keystore_unavailable', 'No safe keystore.')
      return me
    },
    'session.cancelSignIn': () => undefined,
    'session.signOut': () => ({ state: 'signed_out', why: 'signed_out' }),
  }
}

/** Data that the handlers of one scene share. */
interface Stage {
  readonly scene: Scene
  readonly me: SessionView
  readonly subject: string
  readonly say: Say
  readonly entries: ReturnType<typeof entriesOf>
}

const missing = (): never => refuse('not_found', 'There is no such resource.')

function worldOf(scene: Scene, me: SessionView, say: Say): Handlers {
  const subject = me.state === 'signed_in' ? me.subject : ''
  const isEmpty = scene === 'empty'
  const stage: Stage = { scene, me, subject, say, entries: isEmpty ? [] : entriesOf(scene === 'busy' ? MANY : 0) }
  return {
    'domains.list': () => ({ items: [...domains] }),
    'things.list': () => ({ items: isEmpty ? [] : [...trips.map(({ id }) => `workflow:${id}`), 'care_plan:p1'] }),
    'things.labels': ({ ids }) => ({ labels: labelsOf(ids) }),
    ...peopleOf(stage),
    ...personasOf(stage),
    ...activityOf(stage),
    ...tripsOf(stage),
    ...grantsOf(stage),
  }
}

function peopleOf({ scene, subject }: Stage): Handlers {
  const people = new Contacts(subject, scene === 'empty')
  return {
    'contacts.list': () => ({ items: people.list() }),
    'contacts.save': (contact) => people.save(contact),
    'contacts.remove': ({ party }) => people.remove(party),
    'invitations.list': () => ({ items: people.invitations() }),
    'invitations.create': (asked) => people.invite(asked),
    'invitations.redeem': ({ code, name }) => {
      if (scene === 'refusing')
        return refuse('invitation_unknown', 'No open invitation has that code.', { field: 'code' })
      return code === '' ? missing() : people.redeem(name)
    },
    'invitations.confirm': (asked) => people.confirm(asked) ?? missing(),
    'invitations.withdraw': ({ id }) => people.withdraw(id),
  }
}

function personasOf({ scene, me, subject, say }: Stage): Handlers {
  const personas = new Personas(subject, scene === 'empty')
  return {
    'personas.list': () => ({ items: personas.list() }),
    'personas.create': (asked) => personas.create(asked),
    'personas.choose': ({ persona }) => {
      const session: SessionView = me.state === 'signed_in' ? { ...me, persona } : me
      say('session', session)
      return session
    },
    'personas.setAutonomy': (asked) =>
      scene === 'refusing'
        ? refuse('persona_invalid', 'These settings cannot be.', {
            field: 'autonomy',
            detail: 'autonomy: price: another currency is used here.',
          })
        : (personas.setAutonomy(asked) ?? missing()),
    'personas.setStatus': ({ id, status }) => personas.change(id, { status }) ?? missing(),
  }
}

function activityOf({ scene, entries, say }: Stage): Handlers {
  const found = (id: string) => entries.find((entry) => entry.id === id) ?? missing()
  return {
    'activity.list': (query) => ({ ...pageOf(entries, query), me: PSEUDONYM }),
    'activity.read': ({ id }) => found(id),
    'activity.proof': ({ id }) => (scene === 'forged' ? forged(found(id)) : proofOf(found(id))),
    'activity.replay': ({ id }) => replayed(found(id)),
    'activity.export': ({ format }) => ({ saved: true, name: `mandate-activity.${format}` }),
    'account.export': () => ({ saved: true, name: 'mandate-my-data.json' }),
    'account.forget': () => {
      say('session', { state: 'signed_out', why: 'forgotten' })
      return erased
    },
  }
}

function tripsOf({ scene, subject, say }: Stage): Handlers {
  const trips = new Trips()
  return {
    'trips.templates': () => ({ items: [...templates] }),
    'trips.list': () => ({ items: scene === 'empty' ? [] : trips.list() }),
    'trips.read': ({ id }) => trips.read(id) ?? missing(),
    'trips.create': ({ template }) => trips.create(template, subject),
    'trips.dryRun': ({ id }) => ({ items: trips.tried(id, undefined, true) }),
    'trips.execute': ({ id, items }) => ({ items: trips.tried(id, items, false) }),
    'trips.reschedule': () => refuse('precondition_failed', 'It has changed since you read it.'),
    'runs.list': () => ({ items: [] }),
    'runs.start': ({ dryRun }) => {
      const [first, ...rest] = [...goingOn(dryRun)]
      for (const [at, one] of rest.entries()) setTimeout(() => say('run', one), STEP_MS * (at + 1))
      return first ?? missing()
    },
  }
}

function grantsOf({ scene, subject, entries, say }: Stage): Handlers {
  const world = new Grants(subject, scene === 'empty' ? [] : grants)
  return {
    'uses.list': () => ({ last: scene === 'empty' ? {} : { [toYannick.id]: inDays(-0.02) } }),
    'grants.list': (query) => ({ items: world.list(query) }),
    'grants.read': ({ id }) => world.read(id) ?? missing(),
    'grants.below': ({ id }) => ({ items: world.below(id) }),
    'grants.preview': (asked) =>
      scene === 'refusing'
        ? {
            allowed: false,
            code: 'delegate_unknown',
            status: 404,
            title: 'The delegate is not known.',
            field: 'delegate',
          }
        : world.preview(asked),
    'grants.issue': (asked) => world.issue(asked),
    'grants.revoke': ({ id }) => {
      const revoked = world.revoke(id) ?? missing()
      say('activity', endOf(revoked, entries))
      return revoked
    },
  }
}
