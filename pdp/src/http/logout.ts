/**
 * `POST /backchannel-logout` (OpenID Connect Back-Channel Logout 1.0): the identity provider reports the end of one session, or of all of a person's.
 * From then on evaluations that name the session are denied, its tokens are rejected although they have not expired, and its open streams end.
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

/** Creates the handler. The only authentication is the logout token, signed by the issuer. */
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
    // The session ends before the end is recorded (ADR 0003: revocations take effect before they are logged).
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
