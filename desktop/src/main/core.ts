/**
 * The whole app without its window: every operation of the channel, for whoever is signed in. It checks what comes in and what goes out, and lets no token,
 * code or key out: those live in the session and in sealed files alone. It writes no log of its own; where a logger is given it gets codes and names of
 * operations, never a message, an address or an answer.
 *
 * @module
 */
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { EVENTS, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { invitationCodeIn } from '../shared/invitation-link.ts'
import type { SessionView } from '../shared/views.ts'
import type { Emit } from './handlers.ts'
import type { Core, DesktopConfig, Host } from './host.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import { Living } from './living.ts'
import { answerWith } from './operations.ts'
import { CallProblem, localProblem, problemOf } from './problems.ts'

export type { DesktopConfig } from './host.ts'

/** pino fits. */
export interface CoreLogger {
  readonly warn: (fields: object, message: string) => void
}

export interface CoreTimings {
  /** Between two looks at the session. @default 45000 */
  readonly lookMs?: number
  /** Before a service that did not answer is asked again. @default 10000 */
  readonly retryMs?: number
  /** For one try of one call. @default 10000 */
  readonly callMs?: number
  /** For the person at the identity provider's page. @default 300000 */
  readonly signInMs?: number
}

export interface CoreOptions {
  readonly config: DesktopConfig
  readonly host: Host
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  readonly logger?: CoreLogger
  /** All in milliseconds. */
  readonly timings?: CoreTimings
}

type Listener = Parameters<Core['listen']>[0]

/** What is already signed in is taken up at once; nothing is asked of anybody before the first call. */
export function createCore(options: CoreOptions): Core {
  return new TheCore(options)
}

class TheCore implements Core {
  readonly #options: CoreOptions
  readonly #keeper: Keeper
  readonly #ready: Promise<void>
  readonly #listeners = new Set<Listener>()
  #living: Living | undefined
  #told = ''

  constructor(options: CoreOptions) {
    this.#options = options
    const { config, host, timings, logger } = options
    this.#keeper = createKeeper({
      config,
      host,
      changed: () => this.#follow(),
      warn: (message) => logger?.warn({}, message),
      signInTimeoutMs: timings?.signInMs,
    })
    this.#ready = this.#keeper.restore().catch(() => logger?.warn({}, 'what the last start kept cannot be used'))
  }

  async call(name: string, input: unknown): Promise<unknown> {
    try {
      await this.#ready
      if (!Object.hasOwn(OPERATIONS, name)) throw localProblem('bad_call', { field: 'name' })
      return await this.#answer(name as OperationName, input)
    } catch (error) {
      const problem = problemOf(error)
      const { code } = problem.view
      if (code === 'failed')
        this.#options.logger?.warn({ operation: name, error: nameOf(problem.cause) }, 'a call failed')
      return { ok: false, problem: problem.view }
    }
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  openLink(link: string): void {
    const code = link.startsWith('mandate:') ? invitationCodeIn(link) : undefined
    if (code !== undefined) this.#emit('invitation', { code })
  }

  async close(): Promise<void> {
    await this.#ready
    await this.#living?.flush()
    await this.#keeper.close()
  }

  async #answer(name: OperationName, input: unknown): Promise<unknown> {
    const { input: asked, output } = OPERATIONS[name]
    const checked = asked.safeParse(input)
    if (!checked.success) throw localProblem('bad_call', { detail: z.prettifyError(checked.error) })
    if (!isOwn(name)) {
      if (!this.#living) throw localProblem('signed_out')
      return await answerWith(name, checked.data, this.#living)
    }
    const value = await this.#own(name, checked.data)
    return { ok: true, value: output.parse(value) }
  }

  /** What is done by the core itself, signed in or not. */
  async #own(name: OwnName, input: unknown): Promise<unknown> {
    switch (name) {
      case 'app.setup':
        return this.#setup()
      case 'app.open':
        return await this.#open()
      case 'session.read':
        return this.#view()
      case 'session.signIn':
        await this.#keeper.signIn(OPERATIONS[name].input.parse(input)?.memory ?? false)
        await this.#living?.begun
        return this.#view()
      case 'session.cancelSignIn':
        this.#keeper.cancel()
        return undefined
      case 'session.signOut':
        await this.#keeper.signOut('signed_out')
        return this.#view()
      case 'personas.choose':
        await this.#signedIn().choose(OPERATIONS[name].input.parse(input).persona)
        return this.#view()
      case 'account.forget': {
        const erased = await this.#signedIn().erase()
        await this.#keeper.signOut('forgotten')
        return erased
      }
    }
  }

  #signedIn(): Living {
    if (this.#living) return this.#living
    throw localProblem('signed_out')
  }

  #setup() {
    const { config, host } = this.#options
    return {
      version: packageJson.version,
      issuer: config.issuer,
      services: config.services,
      agents: config.agents.map(({ id, title }) => ({ id, title })),
      host: host.kind,
      hasSecurityPolicy: config.securityPolicy !== undefined,
    }
  }

  async #open(): Promise<void> {
    const { config, host } = this.#options
    const url = config.securityPolicy
    if (url === undefined) throw new CallProblem('not_found', 'These settings name no such address.')
    await host.openExternal(new URL(url))
  }

  #view(): SessionView {
    const state = this.#keeper.state()
    const living = this.#living
    if (state.state !== 'signed_in' || !living) return state.state === 'signed_in' ? { state: 'signed_out' } : state
    return { state: 'signed_in', ...living.view() }
  }

  /** After every change of who is signed in: what belonged to somebody else is let go of. */
  #follow(): void {
    const account = this.#keeper.account()
    if (account !== this.#living?.account) {
      this.#living =
        account &&
        new Living(account, {
          ...this.#options,
          emit: (name, event) => {
            if (!account.end.aborted) this.#emit(name, event)
          },
          changed: () => this.#tell(),
        })
    }
    this.#tell()
  }

  /** The session as it is now, unless that is what was said last. */
  #tell(): void {
    const view = this.#view()
    const text = JSON.stringify(view)
    if (text === this.#told) return
    this.#told = text
    this.#emit('session', view)
  }

  readonly #emit: Emit = (name, event) => {
    const checked = EVENTS[name].safeParse(event)
    if (!checked.success) {
      this.#options.logger?.warn({ event: name }, 'an event was not of the channel')
      return
    }
    for (const listener of [...this.#listeners]) listener(name, event)
  }
}

const OWN = [
  'app.setup',
  'app.open',
  'session.read',
  'session.signIn',
  'session.cancelSignIn',
  'session.signOut',
  'personas.choose',
  'account.forget',
] as const
type OwnName = (typeof OWN)[number]

const isOwn = (name: OperationName): name is OwnName => OWN.some((own) => own === name)

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)
