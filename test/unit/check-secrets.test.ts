/**
 * The cheap scan for secrets in `npm run check`. Planted ones are put together at run time, since this file is scanned too.
 */
import { expect, test } from 'vitest'
import { checkSecrets } from '../check/secrets.ts'
import { told, treeOf } from '../support/planted-tree.ts'

const of = (length: number): string => 'Ab3'.repeat(length).slice(0, length)

test.for([
  ['private key', `-----BEGIN ${'PRIVATE'} KEY-----\n${of(64)}`],
  ['key of AWS', `AKI${'A'}${'ABCDEFGH234567AB'}`],
  ['token of GitHub', `ghp${'_'}${of(36)}`],
  ['token of GitHub', `github${'_pat_'}${of(60)}`],
  ['token of npm', `npm${'_'}${of(36)}`],
  ['token of Slack', `xox${'b-'}${of(24)}`],
  ['key of Google', `AI${'za'}${of(35)}`],
  ['JSON Web Token with a signature', `ey${'J'}${of(30)}.ey${'J'}${of(30)}.${of(43)}`],
  ['credentials in an address', `postgres://app:${of(16)}@db.example.com/app`],
] as const)('a %s is found', ([name, secret]) => {
  expect(told(checkSecrets(treeOf({ 'src/a.ts': `\nconst it = '${secret}'\n` })))).toEqual([
    `src/a.ts:2: a ${name} is in a file`,
  ])
})

test.for([
  'const header = "-----BEGIN PRIVATE KEY-----"',
  'postgres://app:password@db.example.com/app',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a sample of code.
  'postgres://app:${encodeURIComponent(password)}@db.example.com/app',
  `postgres://app:${of(16)}@127.0.0.1:5432/app`,
  'eyJhbGciOiJFUzI1NiJ9',
])('%s is none', (text) => expect(checkSecrets(treeOf({ 'src/a.ts': text }))).toEqual([]))
