/**
 * Sessions of signed-in people, in this process alone: a restart asks for the identity provider again, which knows them still.
 * A session's id is all that a browser holds.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import type { Identity, Tokens } from './identity.ts'

/** In milliseconds: as long as the realm lets a session idle, and live. */
const IDLE_MS = 30 * 60_000
const LIFE_MS = 8 * 3_600_000
/** Renewed this long before the end, in milliseconds: a request must not run out on its way. */
const AHEAD_MS = 30_000
/** Of one person: more browsers than anybody reads in. Nobody's sign-in ends another person's session. */
const MAX_PER_PERSON = 10

interface Session {
  tokens: Tokens
  readonly began: number
  seen: number
  renewal: Promise<Tokens> | undefined
}

export interface Sessions {
  /** A person's oldest session ends when they have too many. @returns The new session's id, which nobody knew before. */
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
  const living = (id: string | undefined): Session | undefined => {
    const session = id === undefined ? undefined : sessions.get(id)
    if (!session || id === undefined) return undefined
    if (isAlive(session, now())) return session
    sessions.delete(id)
    return undefined
  }
  const makeRoom = (subject: string): void => {
    const at = now()
    const own: string[] = []
    // In the order in which they were opened. The dead go here, since nothing else asks for them any more.
    for (const [id, session] of sessions) {
      if (!isAlive(session, at)) sessions.delete(id)
      else if (session.tokens.subject === subject) own.push(id)
    }
    for (const id of own.slice(0, Math.max(0, own.length + 1 - MAX_PER_PERSON))) sessions.delete(id)
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
    open: (tokens) => {
      makeRoom(tokens.subject)
      const id = randomBytes(32).toString('base64url')
      sessions.set(id, { tokens, began: now(), seen: now(), renewal: undefined })
      return id
    },
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

function isAlive({ seen, began }: Session, at: number): boolean {
  return at - seen <= IDLE_MS && at - began <= LIFE_MS
}
