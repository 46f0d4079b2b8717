/**
 * Who is signed in: nobody, somebody about to, or one account. It signs in and out, restores what the last start kept, and ends an account whole when its
 * session is no more, wherever that was ended.
 *
 * @module
 */
import { join } from 'node:path'
import type { SessionView } from '../shared/views.ts'
import { type Account, storeOf } from './account.ts'
import type { DesktopConfig, Host } from './host.ts'
import { createIdentity, type Identity } from './identity.ts'
import { forgetKept, type KeptSession, keep, keyOf, newKey, readKept } from './kept-session.ts'
import { localProblem } from './problems.ts'
import { type CryptoKeyPair, createSession, type RefreshState } from './session.ts'
import { endSession } from './session-end.ts'
import { type SignedIn, signInWithBrowser } from './sign-in.ts'
import { type Store, sealedStore } from './store.ts'

type Why = Extract<SessionView, { state: 'signed_out' }>['why']

type KeeperState =
  | { readonly state: 'signed_out'; readonly why?: Why }
  | { readonly state: 'signing_in' }
  | { readonly state: 'signed_in' }

export interface Keeper {
  readonly account: () => Account | undefined
  readonly state: () => KeeperState
  /** Takes up the session that the last start kept, if there is one. Asks nobody. */
  readonly restore: () => Promise<void>
  /** A second call while one is under way gets that one. @throws CallProblem or SignInError. */
  readonly signIn: (inMemory: boolean) => Promise<void>
  readonly cancel: () => void
  /** Nothing here is left signed in, whether or not the identity provider answers. */
  readonly signOut: (why: 'signed_out' | 'forgotten') => Promise<void>
  /** Ends what is under way; what is kept stays. */
  readonly close: () => Promise<void>
}

export interface KeeperDeps {
  readonly config: DesktopConfig
  readonly host: Host
  /** Called after every change of the state. */
  readonly changed: () => void
  /** Told when something could not be written down. */
  readonly warn: (what: string) => void
  /** Time for the person at the identity provider's page, in milliseconds. */
  readonly signInTimeoutMs?: number | undefined
}

interface Kept {
  readonly store: Store
  readonly kept: KeptSession
}

interface Beginning {
  readonly dpopKey: CryptoKeyPair
  readonly kept?: Kept
}

interface SignedInHere {
  readonly account: Account
  readonly ending: AbortController
}

export function createKeeper(deps: KeeperDeps): Keeper {
  return new TheKeeper(deps)
}

class TheKeeper implements Keeper {
  readonly #deps: KeeperDeps
  readonly #identity: Identity
  readonly #scopes: readonly string[]
  /** Where the sign-in is kept. One for all, so that what is written and removed stands in one queue. */
  readonly #sealed: Store | undefined
  #here: SignedInHere | undefined
  #signingIn: { readonly done: Promise<void>; readonly cancel: AbortController } | undefined
  #why: Why
  #isClosed = false

  constructor(deps: KeeperDeps) {
    this.#deps = deps
    this.#identity = createIdentity(deps.config)
    this.#scopes = ['pdp', 'trips', ...deps.config.agents.map(({ id }) => id)]
    const { keystore, dataDir } = deps.host
    const owner = `${deps.config.issuer} ${deps.config.clientId}`
    this.#sealed = keystore && sealedStore(join(dataDir, 'sign-in'), keystore, owner)
  }

  account(): Account | undefined {
    return this.#here?.account
  }

  state(): KeeperState {
    if (this.#here) return { state: 'signed_in' }
    if (this.#signingIn) return { state: 'signing_in' }
    return { state: 'signed_out', ...(this.#why ? { why: this.#why } : {}) }
  }

  async restore(): Promise<void> {
    const store = await this.#sessionStore()
    const kept = store && (await readKept(store, this.#like()).catch(() => undefined))
    if (!store || !kept) return
    this.#begin(kept, { dpopKey: await keyOf(kept.key), kept: { store, kept } })
  }

  async signIn(inMemory: boolean): Promise<void> {
    if (this.#here) return
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
    const here = this.#here
    if (!here) return
    // Here first: whatever happens after that, the next start is signed out.
    await this.#leave(here, why)
    await here.account.session.signOut()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.cancel()
    await this.#signingIn?.done.catch(() => undefined)
    this.#here?.ending.abort()
    await this.#here?.account.session.settle()
  }

  async #signIn(inMemory: boolean, signal: AbortSignal): Promise<void> {
    const store = inMemory ? undefined : await this.#sessionStore()
    if (!inMemory && !store) throw localProblem('keystore_unavailable')
    const { host, signInTimeoutMs } = this.#deps
    const { pair, jwk } = await newKey(store !== undefined)
    const browser = { scopes: this.#scopes, openBrowser: host.openExternal, timeoutMs: signInTimeoutMs, signal }
    const signedIn = await signInWithBrowser(this.#identity, browser, pair)
    if (!store || !jwk) {
      await this.#forgetKept()
      this.#begin(signedIn, { dpopKey: pair })
      return
    }
    const kept: KeptSession = { v: 1, ...this.#like(), ...signedIn, key: jwk }
    try {
      await keep(store, kept)
    } catch (cause) {
      // Nobody is left signed in at the provider with tokens that nobody has.
      await endSession(await this.#identity.configuration(), signedIn, pair)
      throw localProblem('keystore_unavailable', { cause })
    }
    this.#begin(signedIn, { dpopKey: pair, kept: { store, kept } })
  }

  /** @param how - `kept`: where each newer token goes; absent, nothing is written down. */
  #begin({ subject, refreshToken, idToken }: SignedIn, { dpopKey, kept }: Beginning): void {
    const ending = new AbortController()
    const session = createSession({
      configuration: this.#identity.configuration,
      subject,
      refreshToken,
      idToken,
      dpopKey,
      keep: kept && ((state) => this.#keepNext(kept, state, ending.signal)),
      onEnded: () => void this.#endedElsewhere(ending),
    })
    const { host, config } = this.#deps
    const keptIn = kept ? 'keystore' : 'memory'
    const store = storeOf(host, keptIn, config.issuer, subject)
    this.#here = { ending, account: { party: `user:${subject}`, session, store, keptIn, end: ending.signal } }
    this.#why = undefined
    this.#deps.changed()
  }

  async #endedElsewhere(ending: AbortController): Promise<void> {
    const here = this.#here
    if (here?.ending === ending) await this.#leave(here, 'ended')
  }

  async #leave({ ending, account }: SignedInHere, why: Why): Promise<void> {
    this.#here = undefined
    this.#why = why
    ending.abort()
    this.#deps.changed()
    await this.#forgetKept()
    if (why === 'forgotten') await account.store.clear()
    else await account.store.remove('seen')
  }

  #like(): { readonly issuer: string; readonly clientId: string; readonly scopes: string[] } {
    const { issuer, clientId } = this.#deps.config
    return { issuer, clientId, scopes: [...this.#scopes] }
  }

  /** A token that cannot be written down must not be followed by an older one: then nothing is kept, and the sign-in lasts until the app closes. */
  async #keepNext({ store, kept }: Kept, state: RefreshState, end: AbortSignal): Promise<void> {
    // Signed out while the provider answered: the file is gone, and stays so.
    if (end.aborted && !this.#isClosed) return
    try {
      await keep(store, { ...kept, ...state })
    } catch {
      this.#deps.warn('the sign-in could not be kept')
      await this.#forgetKept()
    }
  }

  /** `undefined` where nothing is safe. */
  async #sessionStore(): Promise<Store | undefined> {
    const isSafe = await this.#deps.host.keystore?.isSafe().catch(() => false)
    return isSafe ? this.#sealed : undefined
  }

  /** The file goes even where the keystore cannot open it any more. */
  async #forgetKept(): Promise<void> {
    if (!this.#sealed) return
    await forgetKept(this.#sealed).catch(() => this.#deps.warn('the kept sign-in could not be removed'))
  }
}
