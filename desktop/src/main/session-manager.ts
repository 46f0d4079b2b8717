/**
 * Manages the session of the app: signs in and out, restores the stored session, and ends the account when the session ends anywhere.
 *
 * @module
 */
import { join } from 'node:path'
import type { SessionView } from '../shared/views.ts'
import { type Account, storeOf } from './account.ts'
import { agentsWithUrl, type DesktopConfig, type Host } from './host.ts'
import { createIdentity, type Identity } from './identity.ts'
import { localProblem } from './problems.ts'
import { type CryptoKeyPair, createSession, type RefreshState } from './session.ts'
import { endSession } from './session-end.ts'
import { type SignedIn, signInWithBrowser } from './sign-in.ts'
import { type Store, sealedStore } from './store.ts'
import { keep, keyOf, newKey, readStoredSession, removeStoredSession, type StoredSession } from './stored-session.ts'

type Why = Extract<SessionView, { state: 'signed_out' }>['why']

type SessionState =
  | { readonly state: 'signed_out'; readonly why?: Why }
  | { readonly state: 'signing_in' }
  | { readonly state: 'signed_in' }

export interface SessionManager {
  readonly account: () => Account | undefined
  readonly state: () => SessionState
  /** Restores the stored session, if there is one. Sends no request. */
  readonly restore: () => Promise<void>
  /** Concurrent calls share one sign-in. @throws CallProblem or SignInError. */
  readonly signIn: (inMemory: boolean) => Promise<void>
  readonly cancel: () => void
  /** Signs out here in any case, and at the identity provider if it responds. */
  readonly signOut: (why: 'signed_out' | 'forgotten') => Promise<void>
  /** Stops all work; the stored session remains. */
  readonly close: () => Promise<void>
}

export interface SessionManagerDeps {
  readonly config: DesktopConfig
  readonly host: Host
  /** Called after every change of state. */
  readonly changed: () => void
  /** Called when a file could not be written or removed. */
  readonly warn: (what: string) => void
  /** Time for the person to sign in, in milliseconds. */
  readonly signInTimeoutMs?: number | undefined
}

interface Kept {
  readonly store: Store
  readonly kept: StoredSession
}

interface SessionParts {
  readonly dpopKey: CryptoKeyPair
  readonly kept?: Kept
}

interface ActiveSession {
  readonly account: Account
  readonly ending: AbortController
}

export function createSessionManager(deps: SessionManagerDeps): SessionManager {
  return new DefaultSessionManager(deps)
}

class DefaultSessionManager implements SessionManager {
  readonly #deps: SessionManagerDeps
  readonly #identity: Identity
  readonly #scopes: readonly string[]
  /** The store of the session. One instance, so that its queue orders writes and removals. */
  readonly #sealed: Store | undefined
  #active: ActiveSession | undefined
  #signingIn: { readonly done: Promise<void>; readonly cancel: AbortController } | undefined
  #why: Why
  #isClosed = false

  constructor(deps: SessionManagerDeps) {
    this.#deps = deps
    this.#identity = createIdentity(deps.config)
    this.#scopes = [...Object.keys(deps.config.services), ...agentsWithUrl(deps.config).map(({ id }) => id)]
    const { keystore, dataDir } = deps.host
    const owner = `${deps.config.issuer} ${deps.config.clientId}`
    this.#sealed = keystore && sealedStore(join(dataDir, 'sign-in'), keystore, owner)
  }

  account(): Account | undefined {
    return this.#active?.account
  }

  state(): SessionState {
    if (this.#active) return { state: 'signed_in' }
    if (this.#signingIn) return { state: 'signing_in' }
    return { state: 'signed_out', ...(this.#why ? { why: this.#why } : {}) }
  }

  async restore(): Promise<void> {
    const store = await this.#sessionStore()
    const kept = store && (await readStoredSession(store, this.#settings()).catch(() => undefined))
    if (!store || !kept) return
    this.#begin(kept, { dpopKey: await keyOf(kept.key), kept: { store, kept } })
  }

  async signIn(inMemory: boolean): Promise<void> {
    if (this.#active) return
    if (this.#isClosed) throw localProblem('signed_out')
    if (!this.#signingIn) {
      const cancel = new AbortController()
      const done = this.#signIn(inMemory, cancel.signal).finally(() => {
        this.#signingIn = undefined
        this.#deps.changed()
      })
      this.#signingIn = { done, cancel }
      this.#deps.changed()
    }
    await this.#signingIn.done
  }

  cancel(): void {
    this.#signingIn?.cancel.abort()
  }

  async signOut(why: 'signed_out' | 'forgotten'): Promise<void> {
    this.cancel()
    await this.#signingIn?.done.catch(() => undefined)
    const here = this.#active
    if (!here) return
    // Removes the stored session first: the next start is signed out even when the rest fails.
    await this.#leave(here, why)
    await here.account.session.signOut()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.cancel()
    await this.#signingIn?.done.catch(() => undefined)
    this.#active?.ending.abort()
    await this.#active?.account.session.settle()
  }

  async #signIn(inMemory: boolean, signal: AbortSignal): Promise<void> {
    const store = inMemory ? undefined : await this.#sessionStore()
    if (!inMemory && !store) throw localProblem('keystore_unavailable')
    const { host, signInTimeoutMs } = this.#deps
    const { pair, jwk } = await newKey(store !== undefined)
    const browser = { scopes: this.#scopes, openBrowser: host.openExternal, timeoutMs: signInTimeoutMs, signal }
    const signedIn = await signInWithBrowser(this.#identity, browser, pair)
    if (!store || !jwk) {
      await this.#removeStoredSession()
      this.#begin(signedIn, { dpopKey: pair })
      return
    }
    const kept: StoredSession = { v: 1, ...this.#settings(), ...signedIn, key: jwk }
    try {
      await keep(store, kept)
    } catch (cause) {
      // Ends the session at the provider, since its tokens are lost.
      await endSession(await this.#identity.configuration(), signedIn, pair)
      throw localProblem('keystore_unavailable', { cause })
    }
    this.#begin(signedIn, { dpopKey: pair, kept: { store, kept } })
  }

  /** Makes the account. `kept`: where newer tokens are stored; absent: in memory only. */
  #begin({ subject, refreshToken, idToken }: SignedIn, { dpopKey, kept }: SessionParts): void {
    const ending = new AbortController()
    const session = createSession({
      configuration: this.#identity.configuration,
      subject,
      refreshToken,
      idToken,
      dpopKey,
      keep: kept && ((state) => this.#storeNext(kept, state, ending.signal)),
      onEnded: () => void this.#endedRemotely(ending),
    })
    const { host, config } = this.#deps
    const keptIn = kept ? 'keystore' : 'memory'
    const store = storeOf(host, keptIn, config.issuer, subject)
    this.#active = { ending, account: { party: `user:${subject}`, session, store, keptIn, end: ending.signal } }
    this.#why = undefined
    this.#deps.changed()
  }

  async #endedRemotely(ending: AbortController): Promise<void> {
    const here = this.#active
    if (here?.ending === ending) await this.#leave(here, 'ended')
  }

  async #leave({ ending, account }: ActiveSession, why: Why): Promise<void> {
    this.#active = undefined
    this.#why = why
    ending.abort()
    this.#deps.changed()
    await this.#removeStoredSession()
    if (why === 'forgotten') await account.store.clear()
    else await account.store.remove('seen')
  }

  #settings(): { readonly issuer: string; readonly clientId: string; readonly scopes: string[] } {
    const { issuer, clientId } = this.#deps.config
    return { issuer, clientId, scopes: [...this.#scopes] }
  }

  /** Stores a newer token. On failure removes the older one, which is used up: the session then lasts until the app closes. */
  async #storeNext({ store, kept }: Kept, state: RefreshState, end: AbortSignal): Promise<void> {
    // Signed out meanwhile: the file must stay removed.
    if (end.aborted && !this.#isClosed) return
    try {
      await keep(store, { ...kept, ...state })
    } catch {
      this.#deps.warn('the session could not be stored')
      await this.#removeStoredSession()
    }
  }

  /** `undefined` without a safe keystore. */
  async #sessionStore(): Promise<Store | undefined> {
    const isSafe = await this.#deps.host.keystore?.isSafe().catch(() => false)
    return isSafe ? this.#sealed : undefined
  }

  /** Removes the file even when the keystore cannot decrypt it. */
  async #removeStoredSession(): Promise<void> {
    if (!this.#sealed) return
    await removeStoredSession(this.#sealed).catch(() => this.#deps.warn('the stored session could not be removed'))
  }
}
