/**
 * What trips asks of the PDP besides decisions and registrations: to give a trip to somebody else, and whom to forget. With its own token.
 *
 * @module
 */
import { type ErasureNotice, erasureNoticeSchema, Fault } from '@mandate/protocol'
import { z } from 'zod'
import type { Holder } from './store.ts'

export type TransferAnswer = 'done' | 'refused'

export interface PdpClient {
  /** Asking again changes nothing. @throws Fault `decision_unavailable` when it is not known whether it was done. */
  readonly transfer: (workflow: string, to: Holder) => Promise<TransferAnswer>
  /** Whom to forget, oldest first: what is acknowledged is not told again. @throws Fault `decision_unavailable`. */
  readonly erasures: () => Promise<readonly ErasureNotice[]>
  /** @throws Fault `decision_unavailable`. */
  readonly acknowledge: (notice: string) => Promise<void>
}

export interface PdpClientOptions {
  readonly pdpUrl: string
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
}

const TIMEOUT_MS = 3_000
/** A token is not used in its last moments. */
const LAST_MOMENTS_MS = 10_000

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })
const pageSchema = z.object({ items: z.array(erasureNoticeSchema) })

export function createPdpClient({ pdpUrl, ...account }: PdpClientOptions): PdpClient {
  const token = tokenSource(account)
  const call = async (method: 'GET' | 'POST', path: string, body?: object): Promise<Response> => {
    try {
      const headers = { authorization: `Bearer ${await token()}`, accept: 'application/json' }
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const init = { method, redirect: 'error', signal } as const
      if (body === undefined) return await fetch(pdpUrl + path, { ...init, headers })
      const json = { ...headers, 'content-type': 'application/json' }
      return await fetch(pdpUrl + path, { ...init, headers: json, body: JSON.stringify(body) })
    } catch (cause) {
      throw unknown('the PDP, or the token for it, could not be had', cause)
    }
  }
  return {
    transfer: async (workflow, { owner, ownerPersona }) => {
      const persona = ownerPersona === undefined ? {} : { owner_persona: ownerPersona }
      const path = `/v1/resources/workflow/${encodeURIComponent(workflow)}/transfer`
      const { ok, status } = await call('POST', path, { owner, ...persona })
      if (ok) return 'done'
      // Anything else might be said of this very moment: the token, the load, the store.
      if ([400, 404, 409, 422].includes(status)) return 'refused'
      throw unknown(`transfer: the PDP answered ${status}`)
    },
    erasures: async () => {
      const response = await call('GET', '/v1/erasures')
      const parsed = pageSchema.safeParse(await response.json().catch(() => undefined))
      if (response.ok && parsed.success) return parsed.data.items
      throw unknown(`erasures: the PDP answered ${response.status}`)
    },
    acknowledge: async (notice) => {
      const { ok, status } = await call('POST', `/v1/erasures/${notice}/acknowledge`)
      if (!ok && status !== 404) throw unknown(`acknowledge: the PDP answered ${status}`)
    },
  }
}

function unknown(message: string, cause?: unknown): Fault {
  return new Fault('decision_unavailable', message, { cause, members: { retry_after: 1 } })
}

/** Its own token (client credentials), kept until shortly before its end. */
function tokenSource({ tokenEndpoint, clientId, clientSecret }: Omit<PdpClientOptions, 'pdpUrl'>) {
  let kept: { readonly token: string; readonly until: number } | undefined
  return async (): Promise<string> => {
    if (kept && performance.now() < kept.until) return kept.token
    const basic = [clientId, clientSecret].map(encodeURIComponent).join(':')
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'pdp' }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const { access_token, expires_in } = tokenSchema.parse(await response.json())
    kept = { token: access_token, until: performance.now() + expires_in * 1_000 - LAST_MOMENTS_MS }
    return access_token
  }
}
