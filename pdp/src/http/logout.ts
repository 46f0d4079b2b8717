/**
 * `POST /backchannel-logout` (OpenID Connect Back-Channel Logout 1.0): the identity provider says that a session ended, or all of a person's.
 * From then on nothing that names the session is permitted, though its tokens live on for minutes, and what it is reading ends.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import express, { type RequestHandler } from 'express'
import type { Recorder } from '../ports/recorder.ts'
import type { Sessions } from '../ports/stores.ts'
import type { Callers } from './caller.ts'
import { exchangeOf } from './exchange.ts'
import { utf8Of } from './json.ts'
import type { OpenStreams } from './streams.ts'

export interface LogoutDeps {
  readonly callers: Pick<Callers, 'endedSession'>
  readonly sessions: Sessions
  readonly streams: OpenStreams
  readonly record: Recorder
}

const FORM = 'application/x-www-form-urlencoded'
const BODY_LIMIT = '16kb'

/** The token is all the authority there is: whoever has the issuer's key may say it. */
export function logoutRoute({
  callers,
  sessions,
  streams,
  record,
}: LogoutDeps): readonly [RequestHandler, RequestHandler] {
  const form = express.raw({ type: FORM, limit: BODY_LIMIT })
  const end: RequestHandler = async (req, res) => {
    const body: unknown = req.body
    const [token, ...more] = body instanceof Uint8Array ? new URLSearchParams(utf8Of(body)).getAll('logout_token') : []
    if (token === undefined || more.length > 0)
      throw refuse('invalid_request', `logout_token: must be sent once, as ${FORM}.`)
    const { sid, at, until, party } = await callers.endedSession(token)
    // Authority is taken before it is said so (ADR 0003).
    try {
      if (sid !== undefined) await sessions.end(sid, until)
      else if (party !== undefined) await sessions.endAll(party, at, until)
    } finally {
      await streams.endOfSessions()
    }
    const { keptId } = exchangeOf(res)
    await record([
      {
        kind: 'session_ended',
        caller: 'service:issuer',
        ...(party ? { subject: party } : {}),
        ...(keptId ? { request_id: keptId } : {}),
      },
    ])
    res.status(200).end()
  }
  return [form, end]
}
