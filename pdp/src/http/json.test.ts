import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson, utf8Of } from './json.ts'

const refused = (text: string): unknown => {
  try {
    parseJson(text)
    return 'read'
  } catch (error) {
    return error instanceof Error && 'detail' in error ? error.detail : error
  }
}

describe('parseJson', () => {
  test('reads what JSON.parse reads, when no member stands twice and nothing is too deep', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, undefined, space)
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(refused(text) === 'The body is not JSON.').toBe(!isJson)
      }),
    )
  })

  test('finds a member that stands twice, however it is spelled and wherever it stands', () => {
    const spelled = (name: string): string =>
      `"${[...name].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.jsonValue({ maxDepth: 3 }), (name, value) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
        const twice = `{${member},"_x":[{}],${spelled(name)}:1}`
        expect(refused(`[{"a":${twice}}]`)).toMatch(name === '_x' ? /twice/ : /occurs twice in one object/)
      }),
    )
  })

  test('finds a member that stands twice in a text without escapes, amid any others', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abé{:,[_'), maxLength: 3 })
    const members = fc.uniqueArray(name, { minLength: 1, maxLength: 4 })
    // Without its escapes a value may be no JSON, or have two members of one name, of which JSON.parse keeps one.
    const isWhole = (text: string): boolean => {
      try {
        return JSON.stringify(JSON.parse(text)).length === text.length
      } catch {
        return false
      }
    }
    expect(isWhole('{"":null,"":""}')).toBe(false)
    fc.assert(
      fc.property(members, fc.nat(), fc.jsonValue({ maxDepth: 2 }), (names, at, value) => {
        const plain = JSON.stringify(value).replaceAll('\\', '')
        fc.pre(isWhole(plain))
        const spelled = names.map((one) => `${JSON.stringify(one)}:${plain}`)
        const [twice = ''] = spelled.slice(at % spelled.length)
        expect(refused(`[0,{"z":{${spelled}}}]`)).toBe('read')
        expect(refused(`[0,{"z":{${[...spelled, twice]}}}]`)).toContain('occurs twice in one object')
      }),
    )
  })

  test.for([
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', 'one in another'],
    ['{"a":"\\"a\\":1,","b":":{"}', 'text that looks like a member'],
    ['["a","a"]', 'equal items of a list'],
    ['{"a":1,"A":2}', 'another case'],
    ['{"":1," ":2}', 'a name of nothing'],
    ['{"__proto__":1,"constructor":2}', 'names that every object inherits'],
  ] as const)('%s is no duplicate: %s', ([text]) => {
    expect(refused(text)).toBe('read')
  })

  test.for(['__proto__', 'constructor', '', '\\"'])('%j twice is one', (name) => {
    const literal = JSON.stringify(name)
    expect(refused(`{${literal}:1,${literal}:2}`)).toContain(`The member ${literal} occurs twice`)
  })

  test.for([
    ['"\\ud800"', 'nothing'],
    ['{"a":"\\udc00"}', '"a"'],
    ['{"a":["\\ude00\\ud83d"]}', '"a"'],
    ['{"\\ud800":1}', 'nothing'],
  ] as const)('%s is no text: half a pair after %s', ([text, before]) => {
    expect(refused(text)).toBe(`After ${before}: the text is not well-formed Unicode.`)
    expect(refused(text.replaceAll(/\\u\w{4}/g, '\\ud83d\\ude00'))).toBe('read')
  })

  test.for([
    ['{', '}'],
    ['[', ']'],
  ] as const)('32 %s are not too deep, 33 are', ([open, close]) => {
    const nested = (depth: number): string =>
      (open === '{' ? '{"a":' : '[').repeat(depth - 1) + open + close.repeat(depth)
    expect(refused(nested(32))).toBe('read')
    expect(refused(nested(33))).toContain('more than 32 deep')
    expect(refused(nested(100_000))).toContain('more than 32 deep')
  })
})

describe('utf8Of', () => {
  test('reads UTF-8 and refuses everything else', () => {
    expect(utf8Of(Buffer.from('é€😀'))).toBe('é€😀')
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])
      expect(() => utf8Of(Uint8Array.from(bytes))).toThrow('not UTF-8')
  })
})
