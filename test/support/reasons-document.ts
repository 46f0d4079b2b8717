/**
 * `docs/reasons.md`, generated from the tables that the code answers with and from the packs that ship. To generate it again:
 * `npx vitest run --project unit test/unit/reasons.test.ts -u`.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { compileModel, compilePolicies, describeDomain, readSources } from '@mandate/pdp'
import { type Domain, PERMIT_REASONS, PROBLEMS, REASONS, type ReasonText } from '@mandate/protocol'

const INTRODUCTION = `# Reasons and problems

Generated from \`protocol/src/reason.ts\`, \`pdp/policies/*/manifest.yaml\` and \`protocol/src/problem.ts\`; a test compares it with them.

## Reasons of decisions

An evaluation is 200 with a \`decision\`, and \`context.reasons\` says why: the primary one first, and every gate that failed, in the order of
the domain's manifest. The code is the contract. The person concerned is told the text for people and the cure; the administrator's text, limits
and values go to the enforcement point of the type, the owner and auditors. Where the person may know less than the enforcement point (whether a
thing exists, whose it is), \`code_user\` is the code to tell them, and the text for people is of that one. The owner reads their own text when they look at
the entry later (desktop, Activity). These codes are the same in every domain.
`

const DOMAINS_INTRODUCTION = `## Reasons of the domains that ship

Each domain's own gates deny with codes of their own. Codes and texts are in its manifest, and every client gets them by \`GET /v1/domains\`: a new pack
needs no change of any code.
`

const PROBLEMS_INTRODUCTION = `## Problems

Every answer that is not 2xx is RFC 9457 \`application/problem+json\`: \`type\` (\`urn:mandate:problem:<code>\`), \`title\`, \`status\`, \`code\`,
\`request_id\`, mostly a \`detail\`, and for a refused grant or persona the \`field\`. 429 and 503 carry \`Retry-After\`. The AuthZEN addresses
refuse a request with 400, 401, 403, 413, 429 or 503 and never with another 4xx: that something is denied is not a problem but a decision.
`

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n')
}

/** Loads the shipped domains, as a PDP serves them. */
export async function shippedDomains(): Promise<readonly Domain[]> {
  const sources = await readSources(fileURLToPath(new URL('../../pdp/policies', import.meta.url)))
  return compilePolicies(sources, compileModel).packs.map((pack) => describeDomain(pack))
}

const cellsOf = ({ user, admin, cure, owner, owner_cure }: ReasonText): readonly string[] => [
  user,
  admin,
  cure,
  [owner, owner_cure].filter(Boolean).join(' '),
]

const HEAD = ['said to the person', 'said to the administrator', 'cure', 'said to the owner'] as const

/** Generates `docs/reasons.md`. */
export async function reasonsDocument(): Promise<string> {
  const permits: readonly string[] = PERMIT_REASONS
  const reasons = Object.entries<ReasonText>(REASONS).map(([code, texts]) => {
    const decision = permits.includes(code) ? 'permit' : 'deny'
    return [`\`${code}\``, decision, ...cellsOf(texts)]
  })
  const ofDomains = (await shippedDomains()).flatMap(({ domain, reasons: own }) =>
    Object.entries(own).map(([code, { user, admin, cure, ...owners }]) => [
      domain,
      `\`${code}\``,
      user,
      admin,
      cure,
      [owners.owner, owners.owner_cure].filter(Boolean).join(' '),
    ]),
  )
  const problems = Object.entries(PROBLEMS).map(([code, { status, title }]) => [`\`${code}\``, String(status), title])
  return [
    INTRODUCTION,
    `${table(['code', 'decision', ...HEAD], reasons)}\n`,
    DOMAINS_INTRODUCTION,
    `${table(['domain', 'code', ...HEAD], ofDomains)}\n`,
    PROBLEMS_INTRODUCTION,
    `${table(['code', 'status', 'title'], problems)}\n`,
  ].join('\n')
}
