/**
 * A pack and a question in the fragment of an address: compressed, and never sent to a server.
 *
 * @module
 */
import { textsSchema } from '@mandate/playground/api'
import { z } from 'zod'

/** Longest fragment that is made, in characters: chats and mail programs cut longer addresses. */
export const MAX_FRAGMENT = 16_000
/** Largest content that is unpacked, in bytes. */
const MAX_CONTENT = 1_000_000
const PREFIX = '#1='

/** The form's fields, as text. Attribute fields by name. */
export const formSchema = z.strictObject({
  case: z.int().min(0).optional(),
  subject: z.string(),
  actor: z.string(),
  persona: z.string(),
  action: z.string(),
  what: z.string(),
  with: z.record(z.string(), z.string()),
  with_subject: z.record(z.string(), z.string()),
  with_action: z.record(z.string(), z.string()),
})
/** A parsed {@link formSchema}. */
export type Form = z.infer<typeof formSchema>

const sharedSchema = z.strictObject({ texts: textsSchema, form: formSchema.optional() })
/** What an address holds. */
export type Shared = z.infer<typeof sharedSchema>

/** The fragment for a pack and a question, `#` included. It may be longer than {@link MAX_FRAGMENT}. */
export async function packFragment(shared: Shared): Promise<string> {
  const packed = new Blob([JSON.stringify(shared)]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer())
  return PREFIX + base64url(bytes)
}

/** What a fragment holds. `undefined`: it is none of this page, or damaged. */
export async function unpackFragment(fragment: string): Promise<Shared | undefined> {
  if (!fragment.startsWith(PREFIX)) return undefined
  try {
    const bytes = bytesOf(fragment.slice(PREFIX.length))
    const text = await readBounded(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')))
    return sharedSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** @throws DOMException for a text that is not base64url. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
}

/** Reads a stream as text. @throws RangeError above {@link MAX_CONTENT}: few bytes can unpack to any number. */
async function readBounded(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stream.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    size += value.length
    if (size > MAX_CONTENT) {
      await reader.cancel()
      throw new RangeError('the address unpacks to too much')
    }
    parts.push(value)
  }
  return new Blob(parts).text()
}
