/**
 * Everything that goes on while one account is signed in, put together. It ends with the account, and nothing of it is handed to the next.
 *
 * @module
 */
import { type Erasure, erasureSchema } from '@mandate/protocol'
import type { SessionView } from '../shared/views.ts'
import type { Account } from './account.ts'
import { createApi, type ServiceName } from './api.ts'
import { Contacts } from './contacts.ts'
import type { CoreOptions } from './core.ts'
import type { Context, Emit } from './handlers.ts'
import { createMe } from './me.ts'
import { choosePersona, Personas } from './personas.ts'
import { RunFollower } from './run-follower.ts'
import { createSeen, type Seen } from './seen.ts'
import type { Session } from './session.ts'
import { SignInError } from './sign-in-error.ts'
import { tailActivity } from './tail.ts'
import { watch } from './watch.ts'

export interface LivingDeps extends CoreOptions {
  readonly emit: Emit
  /** Called when the view has changed. */
  readonly changed: () => void
}

type SignedInView = Omit<Extract<SessionView, { state: 'signed_in' }>, 'state'>

const LOOK_MS = 45_000
const RETRY_MS = 10_000
const IDENTITY = 'identity provider'
/** An agent that is away takes nothing from the rest. */
const NEEDED: readonly ServiceName[] = [IDENTITY, 'pdp', 'trips']

export class Living {
  readonly account: Account
  readonly context: Context
  readonly seen: Seen
  /** Done when it is known which persona is acted in, as far as that can be known now. */
  readonly begun: Promise<void>
  readonly #deps: LivingDeps
  readonly #away = new Set<ServiceName>()

  constructor(account: Account, deps: LivingDeps) {
    const { config, host, emit, changed, timings = {}, clock = Date.now } = deps
    this.account = account
    this.#deps = deps
    const session = this.#watched(account.session)
    const personas = new Personas(account.store, clock, changed)
    const api = createApi({
      config,
      session,
      persona: () => personas.chosen(),
      reached: (service, isThere) => this.#reached(service, isThere),
      end: account.end,
      timeoutMs: timings.callMs,
    })
    this.context = {
      config,
      host,
      account: { ...account, session },
      api,
      contacts: new Contacts(
        account.store,
        config.agents.map(({ title }) => title),
      ),
      personas,
      runs: new RunFollower(api, emit, account.end),
      me: createMe(account.store, api),
      emit,
      clock,
    }
    this.seen = createSeen(account)
    this.begun = this.#begin()
  }

  view(): SignedInView {
    const { party, keptIn } = this.account
    const persona = this.context.personas.chosen()
    return { subject: party, ...(persona === undefined ? {} : { persona }), online: this.#away.size === 0, keptIn }
  }

  async choose(persona: string): Promise<void> {
    const { personas, api, clock } = this.context
    await choosePersona(persona, personas, api, clock())
  }

  async erase(): Promise<Erasure> {
    return await this.context.api.call('pdp', { method: 'DELETE', path: '/v1/subjects/me' }, erasureSchema)
  }

  /** Writes down what is only in memory yet. */
  async flush(): Promise<void> {
    await this.seen.flush()
  }

  async #begin(): Promise<void> {
    const { personas, api } = this.context
    const { timings = {} } = this.#deps
    await personas.restore().catch(() => undefined)
    if (personas.chosen() === undefined) await personas.list(api).catch(() => undefined)
    if (this.account.end.aborted) return
    tailActivity(this.context)
    watch(this.context, {
      everyMs: timings.lookMs ?? LOOK_MS,
      retryMs: timings.retryMs ?? RETRY_MS,
      isOnline: () => this.#away.size === 0,
    })
  }

  #reached(service: ServiceName, isThere: boolean): void {
    if (!NEEDED.includes(service)) return
    if (isThere) this.#away.delete(service)
    else this.#away.add(service)
    this.#deps.changed()
  }

  /** The same session, seen to be there or not. */
  #watched(session: Session): Session {
    const watched = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        const got = await asked
        this.#reached(IDENTITY, true)
        return got
      } catch (error) {
        if (error instanceof SignInError && error.code === 'identity_unavailable') this.#reached(IDENTITY, false)
        throw error
      }
    }
    return {
      ...session,
      tokenFor: (audience) => watched(session.tokenFor(audience)),
      freshTokenFor: (audience) => watched(session.freshTokenFor(audience)),
      look: (audience) => watched(session.look(audience)),
    }
  }
}
