/**
 * Everything that runs while one account is signed in. Stops with the account; the next account gets a new runtime.
 *
 * @module
 */
import { type Erasure, erasureSchema } from '@mandate/protocol'
import type { SessionView } from '../shared/views.ts'
import type { Account } from './account.ts'
import { followActivity } from './activity-stream.ts'
import { type AnswerCache, createAnswerCache } from './answer-cache.ts'
import { createApi, type ServiceName } from './api.ts'
import { Contacts } from './contacts.ts'
import type { CoreOptions } from './core-options.ts'
import type { Emit } from './emit.ts'
import type { Context } from './handlers.ts'
import { createOwnPseudonym } from './own-pseudonym.ts'
import { choosePersona, Personas } from './personas.ts'
import { pollChanges } from './poll.ts'
import { RunFollower } from './run-follower.ts'
import type { Session } from './session.ts'
import { SignInError } from './sign-in-error.ts'

export interface AccountRuntimeDeps extends CoreOptions {
  readonly emit: Emit
  /** Called when {@link AccountRuntime.view} has changed. */
  readonly changed: () => void
}

type SignedInView = Omit<Extract<SessionView, { state: 'signed_in' }>, 'state'>

const POLL_MS = 45_000
const RETRY_MS = 10_000
const IDENTITY = 'identity provider'
/** Services without which the app counts as offline. Agents are not among them: the rest works without them. */
const NEEDED: readonly ServiceName[] = [IDENTITY, 'pdp', 'trips']

export class AccountRuntime {
  readonly account: Account
  readonly context: Context
  readonly answers: AnswerCache
  /** Resolves when the persona has been chosen, or could not be read. */
  readonly ready: Promise<void>
  readonly #deps: AccountRuntimeDeps
  readonly #unreachable = new Set<ServiceName>()

  constructor(account: Account, deps: AccountRuntimeDeps) {
    const { config, host, emit, changed, timings = {}, clock = Date.now } = deps
    this.account = account
    this.#deps = deps
    const session = this.#watched(account.session)
    const personas = new Personas(account.store, clock, changed)
    const api = createApi({
      config,
      session,
      persona: () => personas.chosen(),
      onReached: (service, isThere) => this.#onReached(service, isThere),
      end: account.end,
      timeoutMs: timings.callMs,
    })
    this.context = {
      config,
      host,
      account: { ...account, session },
      api,
      contacts: new Contacts(account.store, config),
      personas,
      runs: new RunFollower(api, emit, account.end),
      ownPseudonym: createOwnPseudonym(account.store, api),
      emit,
      clock,
    }
    this.answers = createAnswerCache(account)
    this.ready = this.#begin()
  }

  view(): SignedInView {
    const { party, keptIn } = this.account
    const persona = this.context.personas.chosen()
    return {
      subject: party,
      ...(persona === undefined ? {} : { persona }),
      online: this.#unreachable.size === 0,
      keptIn,
    }
  }

  async choose(persona: string): Promise<void> {
    const { personas, api, clock } = this.context
    await choosePersona(persona, personas, api, clock())
  }

  async erase(): Promise<Erasure> {
    return await this.context.api.call('pdp', { method: 'DELETE', path: '/v1/subjects/me' }, erasureSchema)
  }

  /** Writes pending cache changes to disk. */
  async flush(): Promise<void> {
    await this.answers.flush()
  }

  async #begin(): Promise<void> {
    const { personas, api } = this.context
    const { timings = {} } = this.#deps
    await personas.restore().catch(() => undefined)
    if (personas.chosen() === undefined) await personas.list(api).catch(() => undefined)
    if (this.account.end.aborted) return
    followActivity(this.context)
    pollChanges(this.context, {
      everyMs: timings.pollMs ?? POLL_MS,
      retryMs: timings.retryMs ?? RETRY_MS,
      isOnline: () => this.#unreachable.size === 0,
    })
  }

  #onReached(service: ServiceName, isThere: boolean): void {
    if (!NEEDED.includes(service)) return
    if (isThere) this.#unreachable.delete(service)
    else this.#unreachable.add(service)
    this.#deps.changed()
  }

  /** Wraps the session to record whether the identity provider answers. */
  #watched(session: Session): Session {
    const watched = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        const got = await asked
        this.#onReached(IDENTITY, true)
        return got
      } catch (error) {
        if (error instanceof SignInError && error.code === 'identity_unavailable') this.#onReached(IDENTITY, false)
        throw error
      }
    }
    return {
      ...session,
      tokenFor: (audience) => watched(session.tokenFor(audience)),
      freshTokenFor: (audience) => watched(session.freshTokenFor(audience)),
      check: (audience) => watched(session.check(audience)),
    }
  }
}
