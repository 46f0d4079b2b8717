/**
 * The contract of {@link CompileModel}: what it says of a model, and how it reports mistakes.
 *
 * @module
 */
import { expect, test } from 'vitest'
import type { CompileModel } from '../../../pdp/src/ports/model.ts'

const CORE = { name: 'core.fga', contents: 'module core\n\ntype user\n\ntype domain\n' }
const DOCS = `module docs

type group
  relations
    define member: [user]

type doc
  relations
    define domain: [domain]
    define reader: [user, user:*, group#member, user with before]
    define can_read: reader

condition before(current_time: timestamp, end: timestamp, tags: list<string>, weight: double, size: int, ok: bool, name: string) {
  current_time < end && "x" in tags && weight > 0.0 && size > 0 && ok && name != ""
}
`

export function compileContract(compile: CompileModel): void {
  const docs = (contents: string) => compile([CORE, { name: 'docs/model.fga', contents }])

  test('says where types, relations and conditions are declared, and what may be stored', () => {
    const compiled = docs(DOCS)
    if ('problems' in compiled) return expect.fail(compiled.problems.join('\n'))
    const { description } = compiled
    expect([...description.files]).toEqual(
      expect.arrayContaining([
        ['user', 'core.fga'],
        ['doc', 'docs/model.fga'],
      ]),
    )
    expect(description.relation('doc', 'reader')).toEqual({
      file: 'docs/model.fga',
      assignable: [
        { type: 'user', everybody: false, relation: undefined, condition: undefined, text: 'user' },
        { type: 'user', everybody: true, relation: undefined, condition: undefined, text: 'user:*' },
        { type: 'group', everybody: false, relation: 'member', condition: undefined, text: 'group#member' },
        { type: 'user', everybody: false, relation: undefined, condition: 'before', text: 'user with before' },
      ],
    })
    expect(description.relation('doc', 'can_read')?.assignable).toEqual([])
    expect([description.relation('doc', 'writer'), description.relation('cat', 'reader')]).toEqual([
      undefined,
      undefined,
    ])
  })

  test('names the parameters of a condition with type and line', () => {
    const compiled = docs(DOCS)
    if ('problems' in compiled) return expect.fail(compiled.problems.join('\n'))
    const before = compiled.description.conditions.get('before')
    expect(before?.file).toBe('docs/model.fga')
    expect(Object.fromEntries(before?.parameters ?? [])).toEqual({
      current_time: { type: 'timestamp', line: 13 },
      end: { type: 'timestamp', line: 13 },
      tags: { type: 'list', of: 'string', line: 13 },
      weight: { type: 'double', line: 13 },
      size: { type: 'int', line: 13 },
      ok: { type: 'bool', line: 13 },
      name: { type: 'string', line: 13 },
    })
  })

  test.for([
    ['a type that is declared nowhere', DOCS.replace('define domain: [domain]', 'define domain: [nowhere]'), 9],
    ['a relation that is declared nowhere', DOCS.replace('define can_read: reader', 'define can_read: writer'), 11],
    ['a condition that is declared nowhere', DOCS.replace('user with before]', 'user with after]'), 10],
  ] as const)('reports %s by file and line', ([, contents, line]) => {
    const compiled = docs(contents)
    if (!('problems' in compiled)) return expect.fail('it compiles')
    expect(compiled.problems).toContainEqual(expect.stringMatching(new RegExp(`^docs/model\\.fga:${line}: `)))
  })

  test('reports every mistake, not the first alone', () => {
    const contents = DOCS.replace('[domain]', '[nowhere]').replace('define can_read: reader', 'define can_read: writer')
    const compiled = docs(contents)
    if (!('problems' in compiled)) return expect.fail('it compiles')
    expect(compiled.problems.length).toBeGreaterThan(1)
  })
}
