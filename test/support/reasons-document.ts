/**
 * `docs/reasons.md`, written from the tables that the code answers with. To write it anew after a change of them:
 * `npx vitest run --project unit test/unit/reasons.test.ts -u`.
 *
 * @module
 */
import { PERMIT_REASONS, PROBLEMS, REASONS } from '@mandate/protocol'

const INTRODUCTION = `# Reasons and problems

Written from \`protocol/src/reason.ts\` and \`protocol/src/problem.ts\`; a test holds it against them.

## Reasons of decisions

An evaluation is 200 with a \`decision\`, and \`context.reasons\` says why: the primary one first, and every gate that failed, in the order of
the domain's manifest. The code is the contract. The person concerned is told the text for people and the cure; the administrator's text, limits
and values go to the enforcement point of the type, the owner and auditors. Where the person may know less than the enforcement point (whether a
thing exists, whose it is), \`code_user\` is the code to tell them, and the text for people is of that one. A domain may add codes of its own gates in
its manifest.
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

/** The whole file. */
export function reasonsDocument(): string {
  const permits: readonly string[] = PERMIT_REASONS
  const reasons = Object.entries(REASONS).map(([code, { user, admin, cure }]) => {
    const decision = permits.includes(code) ? 'permit' : 'deny'
    return [`\`${code}\``, decision, user, admin, cure]
  })
  const problems = Object.entries(PROBLEMS).map(([code, { status, title }]) => [`\`${code}\``, String(status), title])
  return [
    INTRODUCTION,
    `${table(['code', 'decision', 'said to the person', 'said to the administrator', 'cure'], reasons)}\n`,
    PROBLEMS_INTRODUCTION,
    `${table(['code', 'status', 'title'], problems)}\n`,
  ].join('\n')
}
