/**
 * What may stand in a name or a note of a contact: only what looks like what it is. A name stands in sentences that say who gets what; one that
 * turns their direction, or is a word of the app's own, would make them say something else.
 *
 * @module
 */

/** Controls, line and paragraph separators, private and unassigned characters, halves of pairs. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/u
/** Marks of direction, fillers and the like. Joined letters and emoji need the two joiners (U+200C, U+200D) and variation selectors. */
const INVISIBLE = /(?!\u200C|\u200D|\p{Variation_Selector})(?:\p{Cf}|\p{Default_Ignorable_Code_Point}|\u2800)/u
const IN_A_NOTE = /[\n\t]/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Words by which the app itself means somebody. */
const OWN_WORDS = new Set([
  'you',
  'yourself',
  'me',
  'myself',
  'i',
  'nobody',
  'somebody',
  'everybody',
  'erased',
  'mandate',
])
/** Scripts with letters that look alike: no word of a name mixes them. */
const ALIKE = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

/**
 * What is wrong with a name, in words for whoever typed it.
 *
 * @param taken - Words that mean somebody else here, such as the titles of agents.
 */
export function nameObjection(name: string, taken: readonly string[] = []): string | undefined {
  if (CONTROL.test(name)) return 'It has a control character in it.'
  if (INVISIBLE.test(name)) return 'It has a character in it that cannot be seen, or turns the direction of a text.'
  if (!VISIBLE.test(name)) return 'There is nothing in it to be seen.'
  const isMixed = name.split(/[\s\p{P}]+/u).some((word) => ALIKE.filter((script) => script.test(word)).length > 1)
  if (isMixed) return 'One of its words has letters of several scripts that look alike.'
  const read = asRead(name)
  const isOwn = OWN_WORDS.has(read) || read.startsWith('somebody unnamed') || taken.map(asRead).includes(read)
  return isOwn ? 'That word means somebody already. Choose another.' : undefined
}

/** What is wrong with a note: it has lines, and is nobody's name. */
export function noteObjection(note: string): string | undefined {
  const text = note.replaceAll(new RegExp(IN_A_NOTE, 'gu'), '')
  if (CONTROL.test(text)) return 'It has a control character in it.'
  return INVISIBLE.test(text)
    ? 'It has a character in it that cannot be seen, or turns the direction of a text.'
    : undefined
}

/** A name that was kept before such names were refused: between marks, and with each character that cannot be seen written out. */
export function shownName(name: string, taken: readonly string[] = []): string {
  return nameObjection(name, taken) === undefined ? name : `“${writtenOut(name)}”`
}

/** A note, likewise. */
export function shownNote(note: string): string {
  return noteObjection(note) === undefined ? note : writtenOut(note)
}

function writtenOut(text: string): string {
  let out = ''
  for (const character of text) {
    const isHidden = (CONTROL.test(character) && !IN_A_NOTE.test(character)) || INVISIBLE.test(character)
    out += isHidden ? `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]` : character
  }
  return out
}

/**
 * Letters of one script alone that look like a Latin word: `Υου` is all Greek, `Ме` all Cyrillic. Capitals and small letters, since a word may look
 * like one in either (Unicode TR 39, confusables); read only to compare with words that are taken.
 */
const LIKE_LATIN: ReadonlyMap<string, string> = new Map(
  [
    ['a', 'аαΑА'],
    ['b', 'ВΒ'],
    ['d', 'ԁ'],
    ['e', 'еЕΕҽ'],
    ['h', 'һНΗ'],
    ['i', 'іІιΙӀӏ'],
    ['k', 'κкКΚ'],
    ['m', 'мМΜ'],
    ['n', 'ΝՈո'],
    ['o', 'оОοΟσՕօⲞⲟꓳ'],
    ['r', 'г'],
    ['s', 'ѕЅՏ'],
    ['t', 'тТτΤ'],
    ['u', 'υՍսꓴ'],
    ['v', 'νѵѴ'],
    ['y', 'уУүҮΥγꓬʏ'],
  ].flatMap(([latin = '', alike = '']) => [...alike].map((letter) => [letter, latin] as const)),
)

/** As it reads: compatible forms are one, letters that look alike are one, joiners, marks and case say nothing, and a space is a space. */
const asRead = (text: string): string =>
  Array.from(text.normalize('NFKD'), (letter) => LIKE_LATIN.get(letter) ?? letter)
    .join('')
    .replaceAll(/\u200C|\u200D|\p{M}/gu, '')
    .replaceAll(/[\s\p{P}\p{S}]+/gu, ' ')
    .trim()
    .toLowerCase()
