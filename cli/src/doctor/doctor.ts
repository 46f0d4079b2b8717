/**
 * `mandate doctor`: one check after another, each with what was found and how to mend it. Changes nothing.
 *
 * @module
 */
import { domainSchema, joinUrl } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, ServiceOptions, Work } from '../command-line.ts'
import { CommandError, EXIT } from '../exit.ts'
import type { Io } from '../io.ts'
import { print } from '../output.ts'
import { jsonBody } from '../pdp/body.ts'
import { connect, connectAsService, pdpUrl } from '../pdp/client.ts'
import { issuerOf } from '../session/issuer.ts'

const TIMEOUT_MS = 10_000
/** Tokens are refused by verifiers whose clock is further off. */
const MAX_SKEW_MS = 30_000

type Options = ConnectionOptions & ServiceOptions

/** The outcome of one check. */
interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly found: string
  readonly mend?: string | undefined
}

const readySchema = z.looseObject({ missing: z.array(z.string()).default([]), mend: z.array(z.string()).default([]) })
const metadataSchema = z.looseObject({ issuer: z.string() })
const domainsSchema = z.object({ items: z.array(domainSchema) })

export const doctor: Work<Options> = async (io, { options }) => {
  const findings: Finding[] = []
  const check = async (name: string, look: () => Promise<string>): Promise<boolean> => {
    const finding = await findingOf(name, look)
    findings.push(finding)
    return finding.ok
  }
  if (await check('PDP answers', () => livePdp(io, options))) {
    await check('PDP ready', () => readyPdp(io, options))
    await check('clock', () => clockBeside(io, options))
  }
  await check('identity provider', () => metadataOfIssuer(io, options))
  await check('sign-in', async () => domainsText(await connect(io, options)))
  if (options.clientId ?? io.environment['MANDATE_CLIENT_ID'])
    await check('service account', async () => domainsText(await connectAsService(io, options)))
  print(io, options, findings, () => findings.flatMap(linesOf))
  return findings.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
}

async function findingOf(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, found: await look() }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const { message, detail, mend } = error
    return { check, ok: false, found: [message, detail].filter(Boolean).join(' '), mend }
  }
}

const linesOf = ({ check, ok, found, mend }: Finding): readonly string[] => [
  `${ok ? 'ok     ' : 'PROBLEM'}  ${check.padEnd(17)}  ${found}`,
  ...(mend === undefined ? [] : [`${' '.repeat(28)}${mend}`]),
]

async function livePdp(io: Io, options: Options): Promise<string> {
  const url = pdpUrl(io, options)
  const response = await get(joinUrl(url, '/livez'), 'Is the PDP running, and is this its address?')
  if (response.ok) return url
  throw problem(`${url} answers with ${response.status}, not as a PDP.`, 'Is this the address of the PDP?')
}

async function readyPdp(io: Io, options: Options): Promise<string> {
  const url = pdpUrl(io, options)
  const response = await get(joinUrl(url, '/readyz'))
  const { missing, mend } = readySchema.catch({ missing: [], mend: [] }).parse(await jsonBody(response, url))
  const parts = missing.join(', ')
  if (!response.ok) throw problem(`The PDP is not ready: ${parts}.`, mend.join(' ') || 'Look at its log.')
  return parts === '' ? 'all parts work' : `decisions can be made; does not work yet: ${parts}`
}

async function clockBeside(io: Io, options: Options): Promise<string> {
  const response = await get(joinUrl(pdpUrl(io, options), '/livez'))
  const theirs = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return 'the PDP sends no date'
  const skew = Date.now() - theirs
  if (Math.abs(skew) <= MAX_SKEW_MS) return 'within 30 s of the PDP'
  const [seconds, side] = [Math.round(Math.abs(skew) / 1_000), skew > 0 ? 'ahead of' : 'behind']
  throw problem(`This clock is ${seconds} s ${side} the PDP's.`, 'Set both clocks by NTP: tokens are refused.')
}

async function metadataOfIssuer(io: Io, options: Options): Promise<string> {
  const issuer = issuerOf(io, options)
  const response = await get(joinUrl(issuer, '/.well-known/openid-configuration'), 'Is this the issuer of your tokens?')
  const metadata = metadataSchema.safeParse(await jsonBody(response, issuer))
  if (!(response.ok && metadata.success))
    throw problem(`${issuer} has no OpenID metadata.`, 'Give the issuer as it is in tokens, such as …/realms/mandate.')
  if (metadata.data.issuer !== issuer)
    throw problem(
      `${issuer} calls itself ${metadata.data.issuer}.`,
      'Use that text: issuers are compared character by character.',
    )
  return issuer
}

async function domainsText(pdp: Awaited<ReturnType<typeof connect>>): Promise<string> {
  const { items } = await pdp.call({ path: '/v1/domains' }, domainsSchema)
  return `accepted by the PDP; domains in force: ${items.map(({ domain }) => domain).join(', ')}`
}

async function get(url: string, mend?: string): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    throw problem(`${url} does not answer.`, mend, { cause })
  }
}

function problem(title: string, mend: string | undefined, options: ErrorOptions = {}): CommandError {
  return new CommandError(EXIT.failed, title, { ...options, mend })
}
