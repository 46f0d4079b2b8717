import { describe, expect, test } from 'vitest'
import { compileModel } from '../openfga/compile.ts'
import { nextCheckFindings } from './next-check.ts'

/** Findings of a model whose modules are the lines of one file, without a level of indentation. */
function findings(model: string): readonly string[] {
  const compiled = compileModel([{ name: 'm.fga', contents: `module m\n\ntype user\n\n${model}` }])
  if ('problems' in compiled) return expect.fail(compiled.problems.join('\n'))
  return nextCheckFindings(compiled.program).map(
    ({ level, type, relation, message }) => `${level} ${type}#${relation}: ${message.split(': ', 2)[1]}`,
  )
}

describe('the patterns that the next Check refuses', () => {
  test('a relation that a parent of one type lacks', () => {
    const model = `
type folder
  relations
    define viewer: [user]

type organization
  relations
    define member: [user]

type document
  relations
    define parent: [organization, folder]
    define viewer: member from parent
`
    expect(findings(model)).toEqual([
      'refused document#viewer: "member from parent" needs a relation member of folder; define it there, even if only as an alias',
    ])
    expect(
      findings(model.replace('define viewer: [user]', 'define viewer: [user]\n    define member: viewer')),
    ).toEqual([])
  })

  test.for([
    ['and', 'define approved: [user, group#member]\n    define member: [user, group#member] and approved'],
    ['but not', 'define blocked: [user, group#member]\n    define member: [user, group#member] but not blocked'],
    ['and', 'define parent: [group]\n    define ok: [user]\n    define member: [user] or (ok and member from parent)'],
  ])('a cycle through "%s"', ([word, relations]) => {
    const found = findings(`type group\n  relations\n    ${relations}\n`)
    expect(found).toContainEqual(
      expect.stringMatching(new RegExp(`^refused group#member: "${word}" is part of a relation that leads back`, 'u')),
    )
  })

  test('an "and" or "but not" on top of a recursive relation is fine', () => {
    const model = `type group
  relations
    define blocked: [user]
    define member: [user, group#member]
    define allowed: member but not blocked
`
    expect(findings(model).filter((line) => line.startsWith('refused'))).toEqual([])
  })

  test('two sides that no type of subject is on', () => {
    const model = `type bot

type thing
  relations
    define by_people: [user]
    define by_bots: [bot]
    define both: by_people and by_bots
`
    expect(findings(model)).toEqual([expect.stringMatching(/^refused thing#both: no type of subject is on every side/)])
  })
})

describe('questions that the next Check answers otherwise', () => {
  test.for([
    ['a set under "but not"', 'define viewer: [user, document#owner] but not member', 'viewer', /but not" over a set/],
    [
      'everybody under "but not"',
      'define everyone: [user:*]\n    define viewer: everyone but not member',
      'viewer',
      /everybody/,
    ],
    [
      'a set by its alias',
      'define allowed: member\n    define viewer: [user, document#allowed]',
      'viewer',
      /is an alias of member/,
    ],
    ['a set of itself', 'define viewer: [user, document#viewer]', 'viewer', /from stored facts only/],
  ] as const)('%s', ([, relations, relation, said]) => {
    const found = findings(
      `type document\n  relations\n    define owner: [user]\n    define member: [user]\n    ${relations}\n`,
    )
    expect(found).toEqual([expect.stringMatching(new RegExp(`^questions document#${relation}: .*`, 'u'))])
    expect(found[0]).toMatch(said)
  })
})
