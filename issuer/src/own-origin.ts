/**
 * What a server on loopback needs against web pages of others: DNS rebinding, and forms that another page sends.
 *
 * @module
 */
import type { RequestHandler } from 'express'
import { errorPage } from './pages.ts'

/** Refuses requests for another host (421): a page whose name resolves to 127.0.0.1 would be of the same origin as this server. */
export function ownHostOnly(issuer: string): RequestHandler {
  const { host } = new URL(issuer)
  return (req, res, next) => {
    if (req.headers.host === host) next()
    else res.status(421).type('html').send(errorPage('this server has another address'))
  }
}

/**
 * Refuses forms that a page of another origin sends (403), by `Sec-Fetch-Site`: cookies are shared by all ports of 127.0.0.1, so `SameSite` is not enough.
 * `Origin` is no help: it is `null` under `Referrer-Policy: no-referrer`.
 */
export const ownFormsOnly: RequestHandler = (req, res, next) => {
  const site = req.get('sec-fetch-site')
  if (req.method === 'GET' || site === undefined || site === 'same-origin') next()
  else res.status(403).type('html').send(errorPage('the form was sent by another page'))
}
