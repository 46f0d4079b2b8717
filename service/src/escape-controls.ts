/**
 * Text from elsewhere, made safe for a terminal.
 *
 * @module
 */

/** Control, format and other invisible characters, which could move the cursor or reverse the direction of text. */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** Escapes control, format and other invisible characters, line breaks included. */
export function escapeControls(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** As {@link escapeControls}, for text of several lines: its line breaks stay. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}
