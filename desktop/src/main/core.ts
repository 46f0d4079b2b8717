/**
 * The app without its window: implements every operation of the channel, and validates input and output. Tokens, codes and keys never leave the session
 * and its encrypted files. A logger gets problem codes and operation names only: no messages, addresses or data.
 *
 * @module
 */
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { EVENTS, OPERATIONS, type OperationName } from '../shared/channel.ts'
import { invitationCodeIn } from '../shared/invitation-link.ts'
import type { SessionView } from '../shared/views.ts'
import { AccountRuntime } from './account-runtime.ts'
import type { CoreOptions } from './core-options.ts'
import type { Emit } from './emit.ts'
import type { Core } from './host.ts'
import { runOperation } from './operations.ts'
import { CallProblem, localProblem, problemOf } from './problems.ts'
import { createSessionManager, type SessionManager } from './session-manager.ts'

export type { CoreLogger, CoreOptions, CoreTimings } from './core-options.ts'
export type { DesktopConfig } from './host.ts'

type Listener = Parameters<Core['listen']>[0]

/** Restores a stored session at once; sends no request before the first call. */
export function createCore(options: CoreOptions): Core {
  return new DesktopCore(options)
}

class DesktopCore implements Core {
  readonly #options: CoreOptions
  readonly #sessions: SessionManager
  readonly #ready: Promise<void>
  readonly #listeners = new Set<Listener>()
  #runtime: AccountRuntime | undefined
  #lastView = ''

  constructor(options: CoreOptions) {
    this.#options = options
    const { config, host, timings, logger } = options
    this.#sessions = createSessionManager({
      config,
      host,
      changed: () => this.#replaceRuntime(),
      warn: (message) => logger?.warn({}, message),
      signInTimeoutMs: timings?.signInMs,
    })
    this.#ready = this.#sessions.restore().catch(() => logger?.warn({}, 'the stored session cannot be used'))
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
    await this.#runtime?.flush()
    await this.#sessions.close()
  }

  async #answer(name: OperationName, input: unknown): Promise<unknown> {
    const { input: asked, output } = OPERATIONS[name]
    const checked = asked.safeParse(input)
    if (!checked.success) throw localProblem('bad_call', { detail: z.prettifyError(checked.error) })
    if (!isCoreOperation(name)) {
      if (!this.#runtime) throw localProblem('signed_out')
      return await runOperation(name, checked.data, this.#runtime)
    }
    const value = await this.#runCoreOperation(name, checked.data)
    return { ok: true, value: output.parse(value) }
  }

  /** Operations of the core itself, which work signed out too. */
  async #runCoreOperation(name: CoreOperation, input: unknown): Promise<unknown> {
    switch (name) {
      case 'app.setup':
        return this.#setup()
      case 'app.open':
        return await this.#open()
      case 'session.read':
        return this.#view()
      case 'session.signIn':
        await this.#sessions.signIn(OPERATIONS[name].input.parse(input)?.memory ?? false)
        await this.#runtime?.ready
        return this.#view()
      case 'session.cancelSignIn':
        this.#sessions.cancel()
        return undefined
      case 'session.signOut':
        await this.#sessions.signOut('signed_out')
        return this.#view()
      case 'personas.choose':
        await this.#signedIn().choose(OPERATIONS[name].input.parse(input).persona)
        return this.#view()
      case 'account.forget': {
        const erased = await this.#signedIn().erase()
        await this.#sessions.signOut('forgotten')
        return erased
      }
    }
  }

  #signedIn(): AccountRuntime {
    if (this.#runtime) return this.#runtime
    throw localProblem('signed_out')
  }

  #setup() {
    const { config, host } = this.#options
    return {
      version: packageJson.version,
      issuer: config.issuer,
      services: config.services,
      agents: config.agents.map(({ id, title, url }) => ({ id, title, runsTrips: url !== undefined })),
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
    const state = this.#sessions.state()
    const runtime = this.#runtime
    if (state.state !== 'signed_in' || !runtime) return state.state === 'signed_in' ? { state: 'signed_out' } : state
    return { state: 'signed_in', ...runtime.view() }
  }

  /** Called after every change of the account: replaces the runtime, so that nothing of the previous account is left. */
  #replaceRuntime(): void {
    const account = this.#sessions.account()
    if (account !== this.#runtime?.account) {
      this.#runtime =
        account &&
        new AccountRuntime(account, {
          ...this.#options,
          emit: (name, event) => {
            if (!account.end.aborted) this.#emit(name, event)
          },
          changed: () => this.#emitSession(),
        })
    }
    this.#emitSession()
  }

  /** Emits the session's view when it has changed. */
  #emitSession(): void {
    const view = this.#view()
    const text = JSON.stringify(view)
    if (text === this.#lastView) return
    this.#lastView = text
    this.#emit('session', view)
  }

  readonly #emit: Emit = (name, event) => {
    const checked = EVENTS[name].safeParse(event)
    if (!checked.success) {
      this.#options.logger?.warn({ event: name }, 'an event does not match its schema')
      return
    }
    for (const listener of [...this.#listeners]) listener(name, event)
  }
}

const CORE_OPERATIONS = [
  'app.setup',
  'app.open',
  'session.read',
  'session.signIn',
  'session.cancelSignIn',
  'session.signOut',
  'personas.choose',
  'account.forget',
] as const
type CoreOperation = (typeof CORE_OPERATIONS)[number]

const isCoreOperation = (name: OperationName): name is CoreOperation => CORE_OPERATIONS.some((own) => own === name)

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)
