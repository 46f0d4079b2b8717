/**
 * Who must still be served while another one floods the PDP: a service that asks, a person who reads their grants, and the probe of the health.
 *
 * @module
 */
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'undici'
import { quantile } from '../peers/timing.ts'

/** Figures of one victim. Times in milliseconds, from when a request was due; a failure counts with its limit. */
export interface Suffered {
  readonly asked: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
}

export interface Victim {
  readonly name: string
  readonly perSecond: number
  /** After so many milliseconds a request has failed. */
  readonly limitMs: number
  /** Rejects where the answer is not the expected one, or late. */
  readonly once: (signal: AbortSignal) => Promise<void>
}

/** Sends at the victim's rate for `ms`, and waits for what is in flight. */
export async function suffer({ perSecond, limitMs, once }: Victim, ms: number): Promise<Suffered> {
  const took: number[] = []
  let failed = 0
  const start = performance.now()
  const asked: Promise<void>[] = []
  for (let due = start; due < start + ms; due += 1_000 / perSecond) {
    await sleep(Math.max(0, due - performance.now()))
    asked.push(
      once(AbortSignal.timeout(limitMs)).then(
        () => void took.push(performance.now() - due),
        () => {
          failed += 1
          took.push(limitMs)
        },
      ),
    )
  }
  await Promise.all(asked)
  took.sort((a, b) => a - b)
  return { asked: asked.length, failed, p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}

/** A question on kept connections, as a PEP asks it. */
export function asking(
  pool: Pool,
  path: string,
  token: string,
  body: string,
  isRight: (answer: Readonly<Record<string, unknown>>) => boolean,
) {
  return async (signal: AbortSignal): Promise<void> => {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'mandate-timeout-ms': '1500',
    }
    const response = await pool.request({ method: 'POST', path, headers, body, signal })
    const answer = await response.body.json()
    if (response.statusCode !== 200 || !isRight(answer as Readonly<Record<string, unknown>>))
      throw new Error(`bench: a victim got ${response.statusCode}`)
  }
}

export function reading(pool: Pool, path: string, token: string) {
  return async (signal: AbortSignal): Promise<void> => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await pool.request({ method: 'GET', path, headers, signal })
    await response.body.dump()
    if (response.statusCode !== 200) throw new Error(`bench: a victim got ${response.statusCode}`)
  }
}

/** A probe opens a connection each time, as kubelet does. */
export function probing(url: string) {
  return (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const req = httpRequest(url, { agent: false, signal }, (res) => {
        res.resume()
        res.once('end', () => (res.statusCode === 200 ? resolve() : reject(new Error(`bench: ${res.statusCode}`))))
        res.once('error', reject)
      })
      req.once('error', reject)
      req.end()
    })
}
