/**
 * An identity provider that fails on demand: real codes, real signatures, real rotation with reuse detection, and whatever goes wrong that a test asks for.
 * The e2e suite has the real one.
 *
 * @module
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

export interface FakeIssuer {
  readonly issuer: string
  /** What goes wrong now. */
  readonly wrong: {
    /** The provider's clock, in seconds ahead of this machine's. */
    skewS: number
    /** Sends no `Date`, as Keycloak does not; with `jarm` it signs refusals where that is asked for. */
    dateless?: 'jarm' | 'mute' | undefined
    /** `iss` of the answer to a sign-in. */
    iss?: string | undefined
    /** OAuth error of the answer to a sign-in. */
    error?: string | undefined
    /** `sub` of what is refreshed from now on. */
    sub?: string | undefined
    /** `503` of the token endpoint, or an answer that is lost after everything was done. */
    token?: 503 | 'lost' | undefined
    /** Status of the UserInfo endpoint. */
    userinfo?: number | undefined
  }
  /** Who signs in next. */
  sub: string
  /** Refresh tokens that were used, in their order. */
  readonly used: readonly string[]
  /** Paths that were asked, in their order. */
  readonly asked: readonly string[]
  /** Ends every session, as an administrator does. */
  readonly endAll: () => void
  /** A browser that signs in at once: follows the redirect to the app. */
  readonly browser: (url: URL) => Promise<void>
  readonly stop: () => Promise<void>
}

interface Grant {
  readonly sub: string
  readonly session: string
  readonly nonce: string
  readonly challenge: string
  readonly jkt: string
  readonly scope: string
}

const CLIENT = 'desktop'
const LIFETIME_S = 300
/** Of every issuer that a test file starts: a pair takes a tenth of a second. */
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 })

export async function startFakeIssuer(): Promise<FakeIssuer> {
  const fake = new Fake()
  const server = createServer((req, res) => void fake.answer(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the issuer has no port')
  fake.issuer = `http://127.0.0.1:${address.port}/realms/fake`
  return Object.assign(fake, {
    browser: async (url: URL) => {
      const there = await fetch(url, { redirect: 'manual' })
      await fetch(there.headers.get('location') ?? '')
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

class Fake {
  issuer = ''
  sub = 'alice-sub'
  readonly wrong: FakeIssuer['wrong'] = { skewS: 0 }
  readonly used: string[] = []
  readonly asked: string[] = []
  readonly #codes = new Map<string, Grant>()
  readonly #refresh = new Map<string, Grant>()
  readonly #alive = new Set<string>()

  endAll(): void {
    this.#alive.clear()
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', this.issuer)
    const path = url.pathname.replace('/realms/fake', '')
    this.asked.push(path)
    if (this.wrong.dateless) res.sendDate = false
    else res.setHeader('date', new Date(this.#now()).toUTCString())
    const form = new URLSearchParams(req.method === 'POST' ? await text(req) : '')
    if (path === '/authorize') this.#authorize(url.searchParams, res)
    else if (path === '/token') this.#token(form, req, res)
    else this.#answerOthers(path, res)
  }

  #answerOthers(path: string, res: ServerResponse): void {
    if (path === '/logout') this.endAll()
    const key = { ...KEYS.publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256' }
    const answers: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': this.#metadata(),
      '/jwks': { keys: [key] },
      '/logout': {},
      '/revoke': {},
      '/userinfo': {},
    }
    const status = path === '/userinfo' ? (this.wrong.userinfo ?? (this.#alive.size > 0 ? 200 : 401)) : 200
    json(res, path in answers ? status : 404, answers[path] ?? {})
  }

  #metadata() {
    const at = (path: string): string => `${this.issuer}${path}`
    return {
      issuer: this.issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      jwks_uri: at('/jwks'),
      userinfo_endpoint: at('/userinfo'),
      end_session_endpoint: at('/logout'),
      revocation_endpoint: at('/revoke'),
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      response_modes_supported: this.wrong.dateless === 'mute' ? ['query'] : ['query', 'query.jwt'],
      authorization_response_iss_parameter_supported: true,
    }
  }

  #now = (): number => Date.now() + this.wrong.skewS * 1_000

  #authorize(asked: URLSearchParams, res: ServerResponse): void {
    const member = (name: string): string => asked.get(name) ?? ''
    const back = new URL(member('redirect_uri'))
    if (member('response_mode') === 'query.jwt') {
      const exp = Math.floor(this.#now() / 1_000) + 60
      back.searchParams.set('response', this.#signed({ iss: this.issuer, aud: CLIENT, exp, error: 'login_required' }))
      res.writeHead(302, { location: back.href }).end()
      return
    }
    back.searchParams.set('state', member('state'))
    back.searchParams.set('iss', this.wrong.iss ?? this.issuer)
    if (this.wrong.error) back.searchParams.set('error', this.wrong.error)
    else back.searchParams.set('code', this.#code(member))
    res.writeHead(302, { location: back.href }).end()
  }

  #code(member: (name: string) => string): string {
    const code = randomUUID()
    const session = randomUUID()
    this.#alive.add(session)
    this.#codes.set(code, {
      sub: this.sub,
      session,
      nonce: member('nonce'),
      challenge: member('code_challenge'),
      jkt: member('dpop_jkt'),
      scope: member('scope'),
    })
    return code
  }

  #token(form: URLSearchParams, req: IncomingMessage, res: ServerResponse): void {
    if (this.wrong.token === 503) {
      json(res, 503, {})
      return
    }
    const grant = form.get('grant_type') === 'refresh_token' ? this.#refreshed(form) : this.#exchanged(form)
    const isBound = grant !== undefined && proves(req.headers['dpop'], grant.jkt, this.#now())
    if (!grant || !isBound || !this.#alive.has(grant.session)) {
      const isLate = grant !== undefined && proves(req.headers['dpop'], grant.jkt, undefined)
      const late = { error: 'invalid_request', error_description: 'DPoP proof is not active' }
      json(res, 400, isLate && !isBound ? late : { error: 'invalid_grant' })
      return
    }
    const answer = this.#tokens(grant, form.get('scope') ?? grant.scope)
    if (this.wrong.token === 'lost') res.destroy()
    else json(res, 200, answer)
  }

  /** Each once: a second use ends the session. */
  #refreshed(form: URLSearchParams): Grant | undefined {
    const token = form.get('refresh_token') ?? ''
    const grant = this.#refresh.get(token)
    if (grant && this.used.includes(token)) this.#alive.delete(grant.session)
    this.used.push(token)
    return grant && { ...grant, nonce: '', sub: this.wrong.sub ?? grant.sub }
  }

  #exchanged(form: URLSearchParams): Grant | undefined {
    const grant = this.#codes.get(form.get('code') ?? '')
    this.#codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    return grant?.challenge === challenge ? grant : undefined
  }

  #tokens(grant: Grant, scope: string) {
    const { sub, session, nonce } = grant
    const refresh = `refresh-${randomUUID()}`
    this.#refresh.set(refresh, grant)
    const at = Math.floor(this.#now() / 1_000)
    const common = { iss: this.issuer, sub, iat: at, exp: at + LIFETIME_S, sid: session, jti: randomUUID() }
    return {
      token_type: 'Bearer',
      expires_in: LIFETIME_S,
      refresh_token: refresh,
      access_token: this.#signed({ ...common, aud: scope.replace('openid ', ''), azp: CLIENT }),
      id_token: this.#signed({ ...common, aud: CLIENT, ...(nonce ? { nonce } : {}) }),
    }
  }

  #signed(claims: object): string {
    const encoded = [{ alg: 'RS256', kid: '1' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const input = encoded.join('.')
    return `${input}.${sign('sha256', Buffer.from(input), KEYS.privateKey).toString('base64url')}`
  }
}

/** Keycloak's tolerance: a proof is made within half a minute of its own clock, and by the key that the code was bound to. @param now - `undefined`: at any time */
function proves(proof: unknown, jkt: string, now: number | undefined): boolean {
  const [header = '', claims = ''] = String(proof).split('.')
  try {
    const { jwk } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const { iat } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const { crv, kty, x, y } = jwk
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
    return thumbprint === jkt && (now === undefined || Math.abs(iat - now / 1_000) < 30)
  } catch {
    return false
  }
}

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
