/**
 * Sessions of signed-in people, in memory. The browser has only the session id. After a restart people are signed in again by the identity provider's
 * session.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import type { Identity, Tokens } from './identity.ts'

/** Idle timeout, in milliseconds; as in the realm. */
const IDLE_MS = 30 * 60_000
/** Maximum lifetime, in milliseconds; as in the realm. */
const LIFE_MS = 8 * 3_600_000
/** Tokens are renewed this long before they expire, so that they do not expire during a request. */
const RENEW_BEFORE_MS = 30_000
/** Sessions per person. The limit is per person, so that a sign-in cannot end another person's session. */
const MAX_PER_PERSON = 10

interface Session {
  tokens: Tokens
  readonly began: number
  seen: number
  renewal: Promise<Tokens> | undefined
}

/** The session store. */
export interface Sessions {
  /** Creates a session and returns its random id. Ends the person's oldest session when they have too many. */
  open(tokens: Tokens): string
  /** Tokens of a session, without renewing them. */
  peek(id: string | undefined): Tokens | undefined
  /** Access token of a session, renewed if it is about to expire. @throws Fault `unauthenticated` when there is no such session. */
  accessOf(id: string | undefined): Promise<string>
  /** As {@link accessOf}, but `undefined` when there is no such session: for a page that asks whether to offer a sign-in. */
  accessOrNone(id: string | undefined): Promise<string | undefined>
  /** Deletes a session and returns its tokens. */
  close(id: string | undefined): Tokens | undefined
}

export function createSessions(identity: Pick<Identity, 'refresh'>, now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>()
  const findAlive = (id: string | undefined): Session | undefined => {
    const session = id === undefined ? undefined : sessions.get(id)
    if (!session || id === undefined) return undefined
    if (isAlive(session, now())) return session
    sessions.delete(id)
    return undefined
  }
  const makeRoom = (subject: string): void => {
    const at = now()
    const own: string[] = []
    // The map is in creation order. Expired sessions are deleted here, since their ids may never be used again.
    for (const [id, session] of sessions) {
      if (!isAlive(session, at)) sessions.delete(id)
      else if (session.tokens.subject === subject) own.push(id)
    }
    for (const id of own.slice(0, Math.max(0, own.length + 1 - MAX_PER_PERSON))) sessions.delete(id)
  }
  const accessOf = async (id: string | undefined): Promise<string> => {
    const session = findAlive(id)
    if (!session || id === undefined) throw new Fault('unauthenticated', 'no session')
    session.seen = now()
    const isFresh = session.tokens.expiresAt - now() > RENEW_BEFORE_MS
    return (isFresh ? session.tokens : await renew(session, identity, () => sessions.delete(id))).access
  }
  return {
    open: (tokens) => {
      makeRoom(tokens.subject)
      const id = randomBytes(32).toString('base64url')
      sessions.set(id, { tokens, began: now(), seen: now(), renewal: undefined })
      return id
    },
    peek: (id) => findAlive(id)?.tokens,
    accessOf,
    accessOrNone: (id) =>
      accessOf(id).catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'unauthenticated') return undefined
        throw error
      }),
    close: (id) => {
      const tokens = findAlive(id)?.tokens
      if (id !== undefined) sessions.delete(id)
      return tokens
    },
  }
}

function isAlive({ seen, began }: Session, at: number): boolean {
  return at - seen <= IDLE_MS && at - began <= LIFE_MS
}

/**
 * Refreshes a session's tokens. One refresh at a time: a refresh token that is used twice ends the session at the identity provider.
 *
 * @param onEnded - Called when the identity provider says that the session has ended.
 */
function renew(session: Session, identity: Pick<Identity, 'refresh'>, onEnded: () => void): Promise<Tokens> {
  session.renewal ??= identity
    .refresh(session.tokens)
    .then((tokens) => {
      session.tokens = tokens
      return tokens
    })
    .catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'unauthenticated') onEnded()
      throw error
    })
    .finally(() => {
      session.renewal = undefined
    })
  return session.renewal
}
