/**
 * Sessions of signed-in people, in this process alone: a restart asks for the identity provider again, which knows them still.
 * A session's id is all that a browser holds.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import type { Identity, Pending, Tokens } from './identity.ts'

/** In milliseconds: as long as the realm lets a session idle, and live. */
const IDLE_MS = 30 * 60_000
const LIFE_MS = 8 * 3_600_000
const SIGN_IN_MS = 10 * 60_000
/** Renewed this long before the end, in milliseconds: a request must not run out on its way. */
const AHEAD_MS = 30_000
const MAX_SESSIONS = 1_000
const MAX_PENDING = 2_000

interface Session {
  tokens: Tokens
  readonly began: number
  seen: number
  renewal: Promise<Tokens> | undefined
}

interface PendingSignIn extends Pending {
  /** The path to come back to. */
  readonly to: string
  readonly began: number
}

export interface Sessions {
  /** @returns The id of a sign-in under way, for the browser's cookie. */
  remember(pending: Pending, to: string): string
  /** A sign-in is finished once. */
  recall(id: string | undefined): (Pending & { readonly to: string }) | undefined
  /** @returns The new session's id, which nobody knew before. */
  open(tokens: Tokens): string
  /** The session's tokens, as good as they are. */
  peek(id: string | undefined): Tokens | undefined
  /** An access token that is good for a while yet. @throws Fault `unauthenticated` when there is no such session any more. */
  accessOf(id: string | undefined): Promise<string>
  /** Forgets it, and says what it held. */
  close(id: string | undefined): Tokens | undefined
}

export function createSessions(identity: Pick<Identity, 'refresh'>, now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>()
  const pending = new Map<string, PendingSignIn>()
  const living = (id: string | undefined): Session | undefined => {
    const session = id === undefined ? undefined : sessions.get(id)
    if (!session || id === undefined) return undefined
    const at = now()
    if (at - session.seen <= IDLE_MS && at - session.began <= LIFE_MS) return session
    sessions.delete(id)
    return undefined
  }
  const renewed = (id: string, session: Session): Promise<Tokens> => {
    // One at a time: a refresh token that is used twice ends the session.
    session.renewal ??= identity
      .refresh(session.tokens)
      .then((tokens) => {
        session.tokens = tokens
        return tokens
      })
      .catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'unauthenticated') sessions.delete(id)
        throw error
      })
      .finally(() => {
        session.renewal = undefined
      })
    return session.renewal
  }
  return {
    remember: (begun, to) => add(pending, { ...begun, to, began: now() }, MAX_PENDING),
    recall: (id = '') => {
      const found = pending.get(id)
      pending.delete(id)
      return found && now() - found.began <= SIGN_IN_MS ? found : undefined
    },
    open: (tokens) => add(sessions, { tokens, began: now(), seen: now(), renewal: undefined }, MAX_SESSIONS),
    peek: (id) => living(id)?.tokens,
    accessOf: async (id) => {
      const session = living(id)
      if (!session || id === undefined) throw new Fault('unauthenticated', 'no session')
      session.seen = now()
      const isFresh = session.tokens.expiresAt - now() > AHEAD_MS
      return (isFresh ? session.tokens : await renewed(id, session)).access
    },
    close: (id) => {
      const tokens = living(id)?.tokens
      if (id !== undefined) sessions.delete(id)
      return tokens
    },
  }
}

/** Keeps a value under a new random id; the oldest goes when there are too many. */
function add<T>(map: Map<string, T>, value: T, most: number): string {
  const oldest = map.size >= most ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
  const id = randomBytes(32).toString('base64url')
  map.set(id, value)
  return id
}
