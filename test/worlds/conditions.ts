/**
 * Conditions of random worlds: expressions over every parameter type of OpenFGA, each parameter name with one type everywhere, and values of each type.
 *
 * @module
 */

/** A parameter's type, as the JSON form of a model spells it. */
export interface TypeRef {
  readonly type_name: string
  readonly generic_types?: readonly TypeRef[]
}

const scalar = (name: string): TypeRef => ({ type_name: `TYPE_NAME_${name}` })
const listOf = (item: TypeRef): TypeRef => ({ type_name: 'TYPE_NAME_LIST', generic_types: [item] })
const mapOf = (item: TypeRef): TypeRef => ({ type_name: 'TYPE_NAME_MAP', generic_types: [item] })

const TEXT = scalar('STRING')
const FLAG = scalar('BOOL')
const INT = scalar('INT')
const UINT = scalar('UINT')
const DOUBLE = scalar('DOUBLE')
const TIME = scalar('TIMESTAMP')
const SPAN = scalar('DURATION')
const ADDRESS = scalar('IPADDRESS')
const ANY = scalar('ANY')

interface Values {
  readonly type: TypeRef
  readonly valid: readonly unknown[]
  readonly wrong: readonly unknown[]
}

const texts: Values = { type: TEXT, valid: ['', 'a', 'b', 'ab', 'héé', '\u{1F600}'], wrong: [5, true, null, ['a']] }
const flags: Values = { type: FLAG, valid: [true, false], wrong: ['true', 1, null] }
const ints: Values = {
  type: INT,
  valid: [0, 1, -1, 5, 7, 10, '7', '-3', 1_099_511_627_776, 9_000_000_000_000_000_000, 1e300, -1e300, '1e1'],
  wrong: [1.5, 'abc', '', true, null],
}
const uints: Values = { type: UINT, valid: [0, 1, 5, 7, 10, '7', 1e300], wrong: [-1, 0.5, 'x', null] }
const doubles: Values = { type: DOUBLE, valid: [0, 0.5, -1.5, 7, 10, '10', 1e300, '0.5'], wrong: ['x', true, null, []] }
const times: Values = {
  type: TIME,
  valid: [
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T01:00:00+01:00',
    '2026-06-04T12:34:56.123Z',
    '2026-05-31T23:59:59.999-11:30',
    '1969-12-31T23:59:59.5Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '2026-01-01T00:00:00.000001Z',
    '2024-02-29T08:00:00Z',
  ],
  wrong: ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T24:00:00Z', 1_767_225_600, null],
}
const spans: Values = {
  type: SPAN,
  valid: ['0s', '0', '1h', '-1h', '1h30m', '90m', '5400s', '100ms', '8760h', '1.5h', '5us'],
  wrong: ['1y', '5', '', 3600, null],
}
const addresses: Values = {
  type: ADDRESS,
  valid: ['10.0.0.1', '192.168.1.7', '::1', '::ffff:10.0.0.1', '2001:db8::1', '2001:db8:0:0:0:0:0:1', '::ffff:a00:1'],
  wrong: ['300.1.1.1', '10.0.0', '010.0.0.1', 'host', '', 5, null],
}
const networks: Values = {
  type: TEXT,
  valid: [
    '10.0.0.0/8',
    '10.0.0.77/8',
    '0.0.0.0/0',
    '::/0',
    '::ffff:10.0.0.0/104',
    '2001:db8::/32',
    '::1/128',
    'bad',
    '10.0.0.0/33',
    '10.0.0.0/08',
  ],
  wrong: [8, null],
}
const anything: Values = {
  type: ANY,
  valid: ['x', 'y', 10, 5.5, true, null, ['x'], { x: 'y' }, { x: 5 }, {}],
  wrong: [],
}

function lists(of: Values): Values {
  const [first, second, third = first] = of.valid
  return {
    type: listOf(of.type),
    valid: [[], [first], [second, first], [third, second, first, third]],
    wrong: ['x', 5, null, {}, ...of.wrong.slice(0, 1).map((value) => [first, value])],
  }
}
function maps(of: Values): Values {
  const [first, second, third = first] = of.valid
  return {
    type: mapOf(of.type),
    valid: [{}, { a: first }, { a: second, b: first }, { b: third, constructor: second, ['__proto__x']: first }],
    wrong: ['x', 5, null, [], ...of.wrong.slice(0, 1).map((value) => ({ a: value }))],
  }
}

/** Every parameter that a condition may declare. */
export const PARAMETERS: Readonly<Record<string, Values>> = {
  s: texts,
  t: texts,
  l: lists(texts),
  k: lists(texts),
  b: flags,
  c: flags,
  i: ints,
  j: ints,
  li: lists(ints),
  u: uints,
  v: uints,
  lu: lists(uints),
  d: doubles,
  e: doubles,
  t1: times,
  t2: times,
  lt: lists(times),
  du: spans,
  dv: spans,
  ip: addresses,
  iq: addresses,
  lip: lists(addresses),
  cidr: networks,
  m: maps(doubles),
  n: maps(doubles),
  ms: maps(texts),
  mb: maps(flags),
  ml: maps(lists(texts)),
  lm: lists(maps(ints)),
  a: anything,
  z: anything,
  la: lists(anything),
  ma: maps(anything),
  // Of the core's conditions, which the engine has functions for.
  current_time: times,
  action: texts,
  within: lists(texts),
  standing: lists(texts),
  limited: flags,
  attributes: maps(doubles),
  expires_at: times,
  actions: lists(texts),
  scope: texts,
  giver: texts,
  at_most: maps(doubles),
  at_least: maps(doubles),
  acting: lists(texts),
  asks: texts,
  givers: lists(texts),
  path: lists(texts),
  deed: texts,
  persona: texts,
  held_as: texts,
  held_in: texts,
  owner: texts,
  valid_from: times,
  valid_till: times,
  value: doubles,
  unit: texts,
  most: doubles,
  least: doubles,
  unit_of: texts,
}

/** Expressions by the names of their parameters. */
export const EXPRESSIONS: readonly (readonly [string, string])[] = [
  ['s', 's == "a"'],
  ['s t', 's != t'],
  ['s l', 's in l'],
  ['s', 's.startsWith("a") || s.endsWith("b")'],
  ['s t', 's.contains(t)'],
  ['s t', 's + t == "ab"'],
  ['s', 'size(s) > 2'],
  ['s', 's.size() == 1'],
  ['s t', 's < t'],
  ['b', 'b'],
  ['b c', '!b || c'],
  ['b i', 'b ? i > 3 : i < 3'],
  ['i', 'i < 6 && i >= 0'],
  ['i j', 'i + j == 11'],
  ['i j', 'i * 2 - j > 3'],
  ['i', 'i in [1, 5, 7]'],
  ['i j', 'i == j'],
  ['i', '-1 < i'],
  ['i li', 'i in li'],
  ['u', 'u <= 5u'],
  ['u v', 'u + v > 8u'],
  ['u v', 'u - v == 2u'],
  ['u lu', 'u in lu'],
  ['d', 'd >= 0.5'],
  ['d e', 'd * 2.0 < e + 1.0'],
  ['d e', 'd / e > 1.0'],
  ['d e', 'd == e'],
  ['d', '-d > 1.0'],
  ['t1 t2', 't1 < t2'],
  ['t1 t2 du', 't1 < t2 + du'],
  ['t1 t2 du', 't1 - du <= t2'],
  ['t1 t2', 't1 == t2'],
  ['t1 t2 du', 't1 - t2 <= du'],
  ['t1 t2 du', 'du < t1 - t2 || t2 - timestamp("2026-01-01T00:00:00.500Z") >= duration("1h")'],
  ['t1 lt du', 'lt.all(x, x - t1 > du)'],
  ['t1', 't1 >= timestamp("2026-01-01T00:00:00Z")'],
  ['t1', 't1 + duration("1h30m") > timestamp("2026-01-01T00:00:00.000Z")'],
  ['t1', 't1.getHours() < 9 && t1.getMinutes() == 0'],
  ['t1', 't1.getFullYear() == 2026 && t1.getMonth() == 5'],
  ['t1', 't1.getDayOfWeek() == 4 || t1.getSeconds() == 59'],
  ['t1', 't1.getDate() == 4 || t1.getDayOfMonth() == 30'],
  ['t1 lt', 't1 in lt'],
  ['du', 'du > duration("1h")'],
  ['du dv', 'du == dv'],
  ['du dv', 'du <= dv'],
  ['ip cidr', 'ip.in_cidr(cidr)'],
  ['ip', 'ip.in_cidr("10.0.0.0/8") || ip.in_cidr("2001:db8::/32")'],
  ['ip iq', 'ip == iq'],
  ['ip lip', 'ip in lip'],
  ['l s', 'l.exists(x, x == s)'],
  ['l', 'l.all(x, x.startsWith("a"))'],
  ['l', 'size(l) == 2'],
  ['l s', 'l[0] == s'],
  ['l k', 'l == k'],
  ['l k', 'l.exists(x, x in k)'],
  ['ms', '"a" in ms'],
  ['ms s', 'ms["a"] == s'],
  ['ms', 'ms.a == "a"'],
  ['ms s', '!(s in ms) || ms[s] != ""'],
  ['m n', 'm.all(x, x in n && m[x] <= n[x])'],
  ['m n', 'm == n'],
  ['m', 'm.size() > 1'],
  ['mb', 'mb.exists(x, mb[x])'],
  ['ml s', 'ml["a"].exists(x, x == s)'],
  ['lm i', 'lm.exists(x, "a" in x && x["a"] == i)'],
  ['s i d', 's == "a" || i > 0 || d > 0.0'],
  ['l i', 'l[i] == "a" || i == 0'],
  [
    'current_time action within standing limited attributes expires_at actions scope giver at_most at_least',
    'current_time < expires_at && action in actions && scope in within && giver in standing && (!limited || (at_most.all(k, k in attributes && attributes[k] <= at_most[k]) && at_least.all(k, k in attributes && attributes[k] >= at_least[k])))',
  ],
  ['acting asks givers path', 'asks in acting'],
  ['deed persona held_as held_in', 'deed == held_as && persona == held_in'],
  ['path owner deed persona', 'size(path) > 0'],
  ['current_time valid_from valid_till', 'current_time >= valid_from && current_time < valid_till'],
  ['value unit most unit_of', 'unit == unit_of && value <= most'],
  ['value unit least unit_of', 'unit == unit_of && value >= least'],
  ['a', 'a == "x"'],
  ['a', 'a == 10'],
  ['a', 'a != 10.0'],
  ['a z', 'a == z'],
  ['a', 'a > 5.0'],
  ['a la', 'a in la'],
  ['a', 'a.x == "y"'],
  ['a', 'a == null'],
  ['ma', 'ma.a == "x"'],
  ['ma', '"a" in ma && ma["a"] == 10'],
  ['la', 'la.exists(x, x == "y")'],
  ['la', 'size(la) > 1'],
]

/** The JSON form of one condition. */
export function conditionJson(name: string, [parameters, expression]: readonly [string, string]): object {
  const types = parameters.split(' ').map((parameter) => [parameter, PARAMETERS[parameter]?.type] as const)
  return { name, expression, parameters: Object.fromEntries(types) }
}
