/**
 * Invitation links: `mandate://invitation#<code>`. The code is in the fragment, which is never sent to a server.
 *
 * @module
 */
const CODE = /^[\w-]{1,128}$/u
const START = 'mandate://invitation'

export const linkOfInvitation = (code: string): string => `${START}#${code}`

/** Extracts the code from a link, or from a code that was typed; `undefined` for any other text. */
export function invitationCodeIn(text: string): string | undefined {
  const trimmed = text.trim()
  if (CODE.test(trimmed)) return trimmed
  const code = /^mandate:\/\/invitation\/?#(?<code>[\w-]+)$/u.exec(trimmed)?.groups?.['code']
  return code !== undefined && CODE.test(code) ? code : undefined
}
