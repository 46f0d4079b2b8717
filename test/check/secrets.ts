/**
 * Keys and tokens in the files, by unmistakable forms. gitleaks scans every commit with many more rules, and takes a minute to build:
 * `npm run supply-chain -- secrets`.
 *
 * @module
 */
import { lineAt, type Objection, type Tree } from './tree.ts'

/** Names of forms, each with its pattern. The parts are apart, so that this file does not match. */
const FORMS = {
  'private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*(?:\\n|\n)?[A-Za-z0-9+/=]{32}/u,
  'key of AWS': /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/u,
  'token of GitHub': /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60})/u,
  'token of npm': /\bnpm_[A-Za-z0-9]{36}\b/u,
  'token of Slack': /\bxox[abeoprs]-[A-Za-z0-9-]{20}/u,
  'key of Google': /\bAIza[\w-]{35}\b/u,
  'JSON Web Token with a signature': /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{40}/u,
  'credentials in an address':
    /\b(?:postgres(?:ql)?|mysql|mongodb|redis|amqp)s?:\/\/[\w.-]+:(?![$<{*x.]|password\b|secret\b)[^\s:@/'"`$<]{12,}@(?!localhost|127\.)/u,
} as const

/** Files that are for programs, or have values of others on purpose. */
const LEFT_OUT = /(?:^|\/)(?:package-lock\.json|vectors\/.*|[^/]+\.(?:svg|png|ico|icns|woff2))$/u

export function checkSecrets(tree: Tree): readonly Objection[] {
  return tree.files
    .filter((file) => !LEFT_OUT.test(file))
    .flatMap((file) => {
      const text = tree.read(file)
      return Object.entries(FORMS).flatMap(([name, pattern]) => {
        const at = text.search(pattern)
        const mend = 'revoke it, then take it out of the file and of the history'
        return at < 0 ? [] : [{ file, line: lineAt(text, at), wrong: `a ${name} is in a file`, mend }]
      })
    })
}
