/**
 * Schemas of settings that hold a list.
 *
 * @module
 */
import { nameSchema } from '@mandate/protocol'
import { setting } from '@mandate/service'
import { z } from 'zod'

/** Items between commas. */
export const list = setting.list([]).unwrap()
/** Words between spaces. */
export const words = z.string().transform((text) => text.split(' ').filter((word) => word !== ''))

/** A shared secret, sent as `Authorization: Bearer …`. */
export const bearerSchema = z.string().regex(/^[\w.~+/-]{32,256}=*$/u, 'must be 32 to 256 characters of a bearer token')

/** `client=type+type,client=type`. */
export const servicesSchema = list.transform((items, context) => {
  const services = new Map<string, readonly string[]>()
  for (const [index, item] of items.entries()) {
    const [client = '', types = ''] = item.split('=').map((part) => part.trim())
    const named = types.split('+').map((type) => type.trim())
    const objection = (message: string): void =>
      context.addIssue({ code: 'custom', message: `item ${index + 1} ${message}` })
    if (!client || !named.every((type) => nameSchema.safeParse(type).success)) objection('must be client=type+type')
    else if (services.has(client)) objection('names a client that was named before')
    services.set(client, named)
  }
  return services
})

/** `URL VKEY, URL VKEY`. The keys are parsed at start. */
export const witnessesSchema = list.transform((items, context) =>
  items.map((item, index) => {
    const [address = '', vkey = '', ...more] = item.split(/\s+/u)
    const url = setting.url.safeParse(address)
    if (!url.success || more.length > 0 || !/^[^+]+\+[0-9a-f]{8}\+\S+$/u.test(vkey))
      context.addIssue({
        code: 'custom',
        message: `item ${index + 1} must be the URL and the verifier key of a witness`,
      })
    return { url: url.data ?? '', vkey }
  }),
)

/**
 * A JSON array of objects with secrets: no message holds a value.
 *
 * @param item - Schema of one object.
 * @param max - Most objects.
 * @param unique - A member that no two objects have the same value of, and what it is called in a message.
 */
export function jsonArray<S extends z.ZodType>(
  item: S,
  max: number,
  unique: { readonly what: string; readonly of: (item: z.output<S>) => string },
) {
  const array = z.array(item).max(max)
  return z.string().transform((text, context): readonly z.output<S>[] => {
    const parsed = array.safeParse(jsonOf(text))
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      const place = issue?.path.length ? `${issue.path.join('.')}: ` : ''
      context.addIssue({ code: 'custom', message: `${place}${issue?.message ?? 'is malformed'}` })
      return []
    }
    if (new Set(parsed.data.map(unique.of)).size < parsed.data.length)
      context.addIssue({ code: 'custom', message: `names ${unique.what} twice` })
    return parsed.data
  })
}

/** @returns `undefined` for a text that is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
