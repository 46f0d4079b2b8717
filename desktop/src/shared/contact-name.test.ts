import { expect, test } from 'vitest'
import { nameObjection, noteObjection, shownName, shownNote } from './contact-name.ts'

const TAKEN = ['Booking agent']

test.for([
  'Carla',
  'Jan-Pieter van der Berg',
  'O’Brien',
  'Łukasz Żółć',
  'Мария',
  'Γιώργος',
  'Μαρία',
  'Ян',
  'Արամ',
  '李雷',
  'محمد',
  'می‌خواهم',
  '👩‍👧 Mum',
  'Youssef',
  'you two (neighbours)',
  'Agent 007',
])('%s is a name', (name) => {
  expect(nameObjection(name, TAKEN)).toBeUndefined()
  expect(shownName(name, TAKEN)).toBe(name)
})

test.for<readonly [string, string, RegExp]>([
  ['a turned direction', 'Carla \u202Egro.live', /turns the direction/u],
  ['an isolate', '\u2066Carla\u2069', /turns the direction/u],
  ['a mark of direction', 'Carla\u200F', /turns the direction/u],
  ['a space without width', 'Car\u200Bla', /cannot be seen/u],
  ['a byte order mark', '\uFEFFCarla', /cannot be seen/u],
  ['a tag character', 'Carla\u{E0041}', /cannot be seen/u],
  ['a filler that looks like nothing', '\u3164', /cannot be seen/u],
  ['a new line', 'Carla\nrevokes everything', /control character/u],
  ['a line separator', 'Carla\u2028x', /control character/u],
  ['an escape', 'Carla\u001B[31m', /control character/u],
  ['a private character', 'Carla\uE000', /control character/u],
  ['half a pair', 'Carla\uD800', /control character/u],
  ['spaces alone', '\u2003\u00A0', /no visible character/u],
  ['you', 'you', /uses that word for a person/u],
  ['you, wide', 'Ｙｏｕ', /uses that word for a person/u],
  ['you, in bold letters of mathematics', '𝐲𝐨𝐮', /uses that word for a person/u],
  ['you, with accents', 'yóu', /uses that word for a person/u],
  ['you, in quotes', '“You”', /uses that word for a person/u],
  ['you, with a joiner', 'yo\u200Du', /uses that word for a person/u],
  ['you, with letters that look alike', 'yоu', /several scripts/u],
  ['you, in Greek letters alone', 'Υου', /uses that word for a person/u],
  ['me, in Cyrillic letters alone', 'Ме', /uses that word for a person/u],
  ['I, in a Cyrillic letter', 'І', /uses that word for a person/u],
  ['you, in Lisu letters', 'ꓬꓳꓴ', /uses that word for a person/u],
  ['you, between brackets', '(You)', /uses that word for a person/u],
  ['you, with a mark behind it', 'You…', /uses that word for a person/u],
  ['an agent’s title', 'booking  AGENT', /uses that word for a person/u],
  ['a person without a name', 'A person you do not know (p_12)', /uses that word for a person/u],
  ['somebody unnamed', 'Somebody unnamed (p_12)', /uses that word for a person/u],
])('refused: %s', ([, name, objection]) => {
  expect(nameObjection(name, TAKEN)).toMatch(objection)
})

test('a name that was kept before is shown as what it is', () => {
  expect(shownName('you')).toBe('“you”')
  expect(shownName('Carla \u202Egro.live')).toBe('“Carla [U+202E]gro.live”')
})

test('a note has lines, and nothing that turns them', () => {
  expect(noteObjection('met in Vienna\n\tat the fair')).toBeUndefined()
  expect(noteObjection('you')).toBeUndefined()
  expect(noteObjection('met\u202E in Vienna')).toMatch(/turns the direction/u)
  expect(noteObjection('met\u0000')).toMatch(/control character/u)
  expect(shownNote('a\nb\u202Ec')).toBe('a\nb[U+202E]c')
})
